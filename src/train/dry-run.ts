import { noProgress } from "../base/progress.js";
import { collectWarnings } from "../base/warnings.js";
import { splitOf } from "../data/splits.js";
import { candidateDocuments } from "../negatives/pools.js";
import type { TrainConfig } from "./config.js";
import { TRAIN_SPLIT, type TrainingData } from "./kinds.js";
import { openRun } from "./run-folder.js";
import { prepareSession, type Session } from "./session.js";
import type { TrainRunOptions } from "./train.js";
import { loadTrainingData, withDev } from "./training-data.js";

/** What a run would do; equal for equal options. */
export interface DryRun {
  readonly run: string;
  readonly data: {
    readonly format: string;
    readonly fingerprint: string;
    readonly kind: TrainingData["kind"];
    readonly documents?: number;
    readonly queries?: number;
    /** Split → its queries, items or pairs. */
    readonly splits: Readonly<Record<string, number>>;
  };
  readonly model: { readonly family: string; readonly dimension: number; readonly parameters: number };
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly evaluations: readonly number[];
  readonly refreshes: readonly number[];
  readonly config: TrainConfig;
}

/** Estimates from a few measured updates: they differ from run to run. */
export interface DryRunTiming {
  readonly stepSeconds: number;
  readonly estimatedSeconds: number;
  /** The most memory that the process held. */
  readonly memoryBytes: number;
}

/** Updates that are timed, after one that compiles. */
const timed = 2;

/** Prepares a run, makes a few updates and one evaluation in memory, and tells what the whole would do and cost. Writes nothing. */
export async function dryRun(
  options: Omit<TrainRunOptions, "finish">,
): Promise<{ readonly plan: DryRun; readonly timing: DryRunTiming }> {
  const { out, config, engine, progress = noProgress, warnings = collectWarnings() } = options;
  openRun(out, config, options.resume ?? false, options.force ?? false);
  const read = options.dataset ?? (await loadTrainingData(config, warnings, options.recognised));
  const data = withDev(read, config.devSplit);
  const session = await prepareSession({ config, data, engine, warnings, progress });
  const timing = await measure(session, data, config);
  const { encoder } = session.task.learner;
  const sizes = [...encoder.parameters.values()].map((shape) => shape.reduce((a, b) => a * b, 1));
  const { total, stepsPerEpoch, evaluations, refreshes } = session.plan;
  await session.release();
  const plan: DryRun = {
    run: out,
    data: {
      kind: data.kind,
      format: data.format,
      fingerprint: data.fingerprint,
      ...(data.kind === "retrieval" ? { documents: data.documents.size, queries: data.queries.size } : {}),
      splits: Object.fromEntries(splitSizes(data)),
    },
    model: { family: encoder.family, dimension: encoder.dimension, parameters: sizes.reduce((a, b) => a + b, 0) },
    steps: total,
    stepsPerEpoch,
    evaluations,
    refreshes,
    config,
  };
  return { plan, timing };
}

/** Queries, items or pairs of each split. */
function splitSizes(data: TrainingData): readonly (readonly [string, number])[] {
  return data.kind === "retrieval"
    ? [...data.splits].map(([name, split]) => [name, split.judgements.size])
    : [...data.splits].map(([name, rows]: [string, readonly unknown[]]) => [name, rows.length]);
}

async function measure(session: Session<unknown>, data: TrainingData, config: TrainConfig): Promise<DryRunTiming> {
  const { plan, task, trainer } = session;
  await trainer.update(0, plan, null);
  const updates = Math.min(timed, plan.total);
  const stepSeconds =
    (await seconds(async () => {
      for (let step = 0; step < updates; step++) await trainer.update(step, plan, null);
    })) / updates;
  const evaluationSeconds = await seconds(() => task.evaluateDev());
  const memoryBytes = process.resourceUsage().maxRSS * 1024;
  if (data.kind !== "retrieval") {
    const sizes = new Map(splitSizes(data));
    // The final evaluation measures the model and its beginning.
    const last = 2 * evaluationSeconds * ((sizes.get("test") ?? 1) / (sizes.get(config.devSplit) ?? 1));
    const estimatedSeconds = stepSeconds * plan.total + evaluationSeconds * plan.evaluations.length + last;
    return { stepSeconds, estimatedSeconds, memoryBytes };
  }
  const devTexts = Math.min(config.devDocuments, data.documents.size) + splitOf(data, config.devSplit).judgements.size;
  const textSeconds = evaluationSeconds / devTexts;
  const split = splitOf(data, TRAIN_SPLIT);
  const poolTexts = candidateDocuments(data, split, config.candidates).size + split.judgements.size;
  // An update with drawn negatives encodes `count` more documents a row; the final evaluation encodes the corpus twice (untrained).
  const minedSteps = plan.refreshes.length === 0 ? 0 : plan.total - (plan.refreshes[0] ?? plan.total);
  const steps = stepSeconds * (plan.total - minedSteps + (minedSteps * (2 + config.count)) / 2);
  const searches = evaluationSeconds * plan.evaluations.length + textSeconds * poolTexts * plan.refreshes.length;
  return {
    stepSeconds,
    estimatedSeconds: steps + searches + 2 * textSeconds * data.documents.size,
    memoryBytes,
  };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
