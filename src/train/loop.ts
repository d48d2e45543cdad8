import type { Progress } from "../base/progress.js";
import type { Warnings } from "../base/warnings.js";
import type { Engine } from "../engine/types.js";
import type { CollapseAlarm, WatchedStep } from "../miners/collapse.js";
import type { Checkpoints, RunState } from "./checkpoints.js";
import type { Memory } from "./memory.js";
import type { MetricsLog } from "./metrics-log.js";
import type { DrawnNegatives } from "./pair-rows.js";
import type { StepPlan } from "./plan.js";
import type { Round } from "./task.js";
import type { StepReport, Trainer } from "./trainer.js";

export interface LoopOptions<Drawn = DrawnNegatives> {
  readonly engine: Engine;
  readonly trainer: Trainer<Drawn>;
  /** What a checkpoint holds besides weights and optimiser. */
  readonly memory?: Pick<Memory, "save">;
  readonly plan: StepPlan;
  readonly state: RunState;
  readonly checkpoints: Checkpoints;
  readonly log: MetricsLog;
  /** Measures on the development split, the weights as they stand. */
  readonly evaluate: () => Promise<Readonly<Record<string, number>>>;
  readonly devSplit: string;
  /** The measure that chooses the best checkpoint: one that `evaluate` gives. */
  readonly metric: string;
  readonly patience: number | null;
  /** Round `round`, which serves the updates `step` … `last`. It may be built only from the weights of `step`. */
  readonly refresh: (round: number, step: number, last: number, mayBuild: boolean) => Promise<Round<Drawn>>;
  /** Takes each step, and tells of a collapse once. */
  readonly watch?: (step: WatchedStep) => CollapseAlarm | null;
  readonly warnings?: Warnings;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Why a loop ended. */
export type LoopEnd = { readonly kind: "finished" | "stopped-early" | "interrupted"; readonly state: RunState };

/**
 * The training loop. A checkpoint at step s holds the weights after s updates; a pool of round r is built from exactly these, and is
 * whole on disk before training goes on, so that a run continued from any checkpoint is the same run.
 */
export async function trainLoop<Drawn>(options: LoopOptions<Drawn>): Promise<LoopEnd> {
  const { engine, trainer, plan, checkpoints, log, signal } = options;
  const refreshes = new Set(plan.refreshes);
  const evaluations = new Set(plan.evaluations);
  const planned = new Set(plan.checkpoints);
  let state = options.state;
  let round: Round<Drawn> | null = null;
  const save = () => checkpoints.save(engine, trainer.weights, trainer.optimiser, state, options.memory?.save);
  // An interruption leaves a checkpoint where the plan has none: it goes when a later one is there.
  const regular = (step: number) =>
    step === 0 || planned.has(step) || refreshes.has(step) || checkpoints.read(step).best?.step === step;
  const prune = () => checkpoints.prune(state.best?.step ?? null, regular);
  const gaveUp = () => options.patience !== null && state.stale >= options.patience;
  const goesOn = () => state.step < plan.total && !gaveUp();
  const stop = async (kind: LoopEnd["kind"]): Promise<LoopEnd> => {
    await save();
    prune();
    return { kind, state };
  };

  // A run that continues takes up the round in force; at a refresh step the loop itself does.
  const begun = plan.refreshes.filter((step) => step < state.step).length;
  if (begun > 0 && goesOn() && !refreshes.has(state.step)) round = await openRound(begun - 1);

  for (const record of options.watch === undefined ? [] : log.read())
    if (record.kind === "step") options.watch?.(watched(record.step, record));
  if (state.step === 0 && evaluations.has(0) && state.best === null) await evaluate();
  while (goesOn()) {
    if (signal.aborted) return stop("interrupted");
    if (refreshes.has(state.step)) {
      await save();
      round = await openRound(plan.refreshes.indexOf(state.step));
    }
    const started = performance.now();
    const report = await trainer.update(state.step, plan, round?.drawn ?? null);
    state = { ...state, step: state.step + 1 };
    log.append({
      kind: "step",
      step: state.step,
      ...report,
      timing: { seconds: (performance.now() - started) / 1000 },
    });
    const alarm = options.watch?.(watched(state.step, report)) ?? null;
    if (alarm !== null) {
      log.append({ ...alarm, timing: {} });
      options.warnings?.add("collapse", alarm.message);
    }
    options.progress({ stage: "train", done: state.step, total: plan.total, note: `loss ${report.loss.toFixed(4)}` });
    const improved = evaluations.has(state.step) && (await evaluate());
    if (improved || planned.has(state.step)) {
      await save();
      prune();
    }
  }
  return stop(gaveUp() ? "stopped-early" : "finished");

  async function evaluate(): Promise<boolean> {
    const started = performance.now();
    const measures = await options.evaluate();
    const value = measures[options.metric] as number;
    // Of equal values the later one is taken, since a small dev split may not tell a trained model from an untrained one.
    const better = state.best === null || value >= state.best.value;
    const stale = state.best === null || value > state.best.value ? 0 : state.stale + 1;
    state = { ...state, best: better ? { step: state.step, value } : state.best, stale };
    log.append({
      kind: "evaluation",
      step: state.step,
      split: options.devSplit,
      measures,
      timing: { seconds: (performance.now() - started) / 1000 },
    });
    if (better && state.step === 0) await save();
    return better;
  }

  async function openRound(index: number): Promise<Round<Drawn>> {
    const step = plan.refreshes[index] as number;
    const last = (plan.refreshes[index + 1] ?? plan.total) - 1;
    const started = performance.now();
    const opened = await options.refresh(index, step, last, step === state.step);
    if (step === state.step) {
      log.append({
        kind: "refresh",
        step,
        round: index,
        queries: opened.queries,
        drawn: opened.count,
        rejected: opened.rejected,
        timing: { seconds: (performance.now() - started) / 1000 },
      });
    }
    return opened;
  }
}

function watched(step: number, { loss, telemetry }: Pick<StepReport, "loss" | "telemetry">): WatchedStep {
  const { spread = 1, meanNegativeDistance } = telemetry;
  return { step, loss, spread, ...(meanNegativeDistance === undefined ? {} : { meanNegativeDistance }) };
}
