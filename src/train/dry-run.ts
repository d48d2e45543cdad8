import { noProgress } from "../base/progress.js";
import type { RetrievalData } from "../base/types.js";
import { collectWarnings } from "../base/warnings.js";
import { loadData } from "../data/load.js";
import { ensureDev, splitOf } from "../data/splits.js";
import { candidateDocuments } from "../negatives/pools.js";
import type { TrainConfig } from "./config.js";
import { openRun } from "./run-folder.js";
import { prepareSession, type Session } from "./session.js";
import { TRAIN_SPLIT } from "./task.js";
import type { TrainRunOptions } from "./train.js";

/** What a run would do; equal for equal options. */
export interface DryRun {
  readonly run: string;
  readonly data: {
    readonly format: string;
    readonly fingerprint: string;
    readonly documents: number;
    readonly queries: number;
    /** Split → its queries. */
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
  const read =
    options.dataset ??
    (await loadData(config.data, { columns: config.columns, warnings, recognised: options.recognised }));
  const data = ensureDev(read, config.devSplit);
  const session = await prepareSession({ config, data, engine, warnings, progress });
  const timing = await measure(session, data, config);
  const { encoder } = session.task.learner;
  const sizes = [...encoder.parameters.values()].map((shape) => shape.reduce((a, b) => a * b, 1));
  const { total, stepsPerEpoch, evaluations, refreshes } = session.plan;
  await session.release();
  const plan: DryRun = {
    run: out,
    data: {
      format: data.format,
      fingerprint: data.fingerprint,
      documents: data.documents.size,
      queries: data.queries.size,
      splits: Object.fromEntries([...data.splits].map(([name, split]) => [name, split.judgements.size])),
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

async function measure(session: Session, data: RetrievalData, config: TrainConfig): Promise<DryRunTiming> {
  const { plan, task, trainer } = session;
  await trainer.update(0, plan, null);
  const updates = Math.min(timed, plan.total);
  const stepSeconds =
    (await seconds(async () => {
      for (let step = 0; step < updates; step++) await trainer.update(step, plan, null);
    })) / updates;
  const evaluationSeconds = await seconds(() => task.evaluateDev());
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
    memoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
