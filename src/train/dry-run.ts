import { noProgress } from "../base/progress.js";
import { collectWarnings } from "../base/warnings.js";
import { type TrainConfig, trainsCrossEncoder } from "./config.js";
import { type DryRunTiming, estimate } from "./estimate.js";
import type { TrainingData } from "./kinds.js";
import { openRun } from "./run-folder.js";
import { prepareSession } from "./session.js";
import type { TrainRunOptions } from "./train.js";
import { loadTrainingData, withDev } from "./training-data.js";

export type { DryRunTiming } from "./estimate.js";

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
  readonly model: {
    readonly family: string;
    readonly dimension: number;
    readonly parameters: number;
    /** Scores that a cross-encoder gives a pair. */
    readonly labels?: number;
  };
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly evaluations: readonly number[];
  readonly refreshes: readonly number[];
  readonly config: TrainConfig;
}

/** Prepares a run, makes a few updates and one evaluation in memory, and tells what the whole would do and cost. Writes nothing. */
export async function dryRun(
  options: Omit<TrainRunOptions, "finish">,
): Promise<{ readonly plan: DryRun; readonly timing: DryRunTiming }> {
  const { out, config, engine, progress = noProgress, warnings = collectWarnings() } = options;
  openRun(out, config, options.resume ?? false, options.force ?? false);
  const started = performance.now();
  const read = options.dataset ?? (await loadTrainingData(config, warnings, options.recognised));
  const data = withDev(read, config);
  const session = await prepareSession({ config, data, engine, warnings, progress });
  const timing = await estimate(session, data, config, (performance.now() - started) / 1000);
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
    model: {
      family: encoder.family,
      dimension: encoder.dimension,
      parameters: sizes.reduce((a, b) => a + b, 0),
      ...(trainsCrossEncoder(config) ? { labels: encoder.dimension } : {}),
    },
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
