/** What happens at which step of a run. Steps count updates; step s means: after s updates. */
export interface StepPlan {
  readonly total: number;
  readonly stepsPerEpoch: number;
  readonly warmupSteps: number;
  /** Steps at which a pool is built from the weights as they stand; empty without a corpus sampler. */
  readonly refreshes: readonly number[];
  readonly evaluations: readonly number[];
  readonly checkpoints: readonly number[];
}

export interface PlanOptions {
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  /** Overrides epochs. */
  readonly steps: number | null;
  /** Below 1 a share of all steps, else a number of steps. */
  readonly warmup: number;
  /** Share of the run that is trained with in-batch negatives before the first pool is built, 0 … 1. */
  readonly mineFrom: number;
  /** Steps between refreshes; null: twice, at equal distances. */
  readonly refreshEvery: number | null;
  readonly evaluateEvery: number | null;
  readonly checkpointEvery: number | null;
  readonly mined: boolean;
}

/** Lays out a run before it starts, so that a resumed run follows the same plan. */
export function planSteps(options: PlanOptions): StepPlan {
  const { stepsPerEpoch } = options;
  const total = options.steps ?? Math.max(1, Math.round(options.epochs * stepsPerEpoch));
  const warmupSteps =
    options.warmup < 1 ? Math.round(options.warmup * total) : Math.min(total, Math.round(options.warmup));
  const first = options.mined ? Math.min(total - 1, Math.round(options.mineFrom * total)) : total;
  const refreshEvery = options.refreshEvery ?? Math.max(1, Math.ceil((total - first) / 2));
  const evaluateEvery = options.evaluateEvery ?? Math.max(1, Math.ceil(total / 10));
  const checkpointEvery = options.checkpointEvery ?? evaluateEvery;
  return {
    total,
    stepsPerEpoch,
    warmupSteps,
    refreshes: every(refreshEvery, first, total - 1),
    evaluations: [...new Set([0, ...every(evaluateEvery, evaluateEvery, total), total])],
    checkpoints: [...new Set([...every(checkpointEvery, checkpointEvery, total), total])],
  };
}

function every(interval: number, first: number, last: number): number[] {
  const steps: number[] = [];
  for (let step = first; step <= last; step += interval) steps.push(step);
  return steps;
}
