import { join } from "node:path";
import { workError } from "../base/errors.js";
import { writeFileAtomic } from "../base/files.js";
import { noProgress, type Progress } from "../base/progress.js";
import type { Dataset } from "../base/types.js";
import { version } from "../base/version.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import type { Engine } from "../engine/types.js";
import type { EvaluationResult, SystemResult } from "../evaluate/systems.js";
import { watchCollapse } from "../miners/collapse.js";
import { OPTIMISER_FILE, openCheckpoints, type RunState, WEIGHTS_FILE } from "./checkpoints.js";
import type { TrainConfig } from "./config.js";
import type { TrainingData } from "./kinds.js";
import { trainLoop } from "./loop.js";
import { cutMetricsLog, openMetricsLog } from "./metrics-log.js";
import { roundFile } from "./round.js";
import {
  checkOrigin,
  clearRun,
  makeRunFolder,
  openRun,
  type RunManifest,
  readManifest,
  removePartial,
  writeManifest,
} from "./run-folder.js";
import { prepareSession } from "./session.js";
import { loadTrainingData, withDev } from "./training-data.js";

export interface TrainRunOptions {
  /** The run folder. */
  readonly out: string;
  readonly config: TrainConfig;
  /** Data already read; else `config.data` is. */
  readonly dataset?: TrainingData;
  /** Hears what the files were recognised as, before any work starts. */
  readonly recognised?: (data: Dataset) => void;
  readonly engine: Engine;
  readonly resume?: boolean;
  /** Replaces a run that is there. */
  readonly force?: boolean;
  readonly progress?: Progress;
  readonly warnings?: Warnings;
  /** What else belongs into the run folder before it counts as finished: export, report. */
  readonly finish?: (data: TrainingData, result: TrainResult) => Promise<void>;
  /** Aborting leaves a checkpoint first. */
  readonly signal?: AbortSignal;
}

/** `result` of `nearmiss train`. */
export interface TrainResult {
  readonly run: string;
  readonly model: string;
  readonly fingerprint: string;
  readonly steps: number;
  readonly best: { readonly step: number; readonly metric: string; readonly value: number };
  readonly evaluation: EvaluationResult;
}

/** Trains a model into a run folder: the whole chain from data to the final evaluation. Throws `interrupted` after an abort. */
export async function trainRun(options: TrainRunOptions): Promise<TrainResult> {
  const { out, config, engine, resume = false, progress = noProgress, warnings = collectWarnings() } = options;
  const status = openRun(out, config, resume, options.force ?? false);
  if (status === "finished") return readManifest(out)?.result as TrainResult;
  const started = performance.now();
  const read = options.dataset ?? (await loadTrainingData(config, warnings, options.recognised));
  const data = withDev(read, config);
  const session = await prepareSession({ config, data, engine, warnings, progress });
  const { task } = session;
  const { learner } = task;
  // Only now are all options known to be good: until here nothing is written, and nothing replaced.
  makeRunFolder(out);
  const origin = { source: data.source, format: data.format, fingerprint: data.fingerprint, kind: data.kind };
  if (status === "begun") {
    checkOrigin(out, origin, learner.start);
    removePartial(out);
  } else if (options.force === true) clearRun(out, "all");
  writeFileAtomic(join(out, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
  const manifest = { version: version(), data: origin, seed: config.seed };
  writeManifest(out, {
    ...manifest,
    finished: false,
    model: { start: learner.start, fingerprint: null },
    result: null,
    warnings: [],
    timing: { started: new Date().toISOString() },
  });

  const checkpoints = openCheckpoints(out);
  const logFile = join(out, "metrics.jsonl");
  const last = status === "begun" ? checkpoints.steps().at(-1) : undefined;
  let state: RunState = { step: 0, best: null, stale: 0 };
  if (last !== undefined) {
    state = checkpoints.read(last);
    const folder = checkpoints.folder(last);
    await learner.restore(join(folder, WEIGHTS_FILE), join(folder, OPTIMISER_FILE));
    task.memory?.restore(folder);
    cutMetricsLog(logFile, last);
  } else clearRun(out, "progress");

  const lossWhenEqual = (await task.lossWhenEqual?.()) ?? 0;
  const end = await trainLoop({
    engine,
    trainer: session.trainer,
    ...(task.memory === undefined ? {} : { memory: task.memory }),
    plan: session.plan,
    state,
    checkpoints,
    log: openMetricsLog(logFile),
    evaluate: task.evaluateDev,
    devSplit: config.devSplit,
    metric: config.metric,
    patience: config.patience,
    refresh: (round, step, lastStep, mayBuild) =>
      session.openRound({
        file: roundFile(out, round, data.kind === "labelled" ? "mined" : "round"),
        round,
        step,
        last: lastStep,
        mayBuild,
      }),
    ...(lossWhenEqual > 0 && Number.isFinite(lossWhenEqual) ? { watch: watchCollapse({ lossWhenEqual }) } : {}),
    warnings,
    progress,
    signal: options.signal ?? new AbortController().signal,
  });
  if (end.kind === "interrupted") {
    throw workError("interrupted", `stopped after step ${end.state.step}; continue with --resume`, { file: out });
  }
  // Every run is evaluated at its beginning and its end.
  const best = end.state.best as NonNullable<RunState["best"]>;
  await learner.restore(join(checkpoints.folder(best.step), WEIGHTS_FILE), null);

  const final = await task.evaluateFinally();
  const model = join(out, "model");
  const fingerprint = await learner.save(model, {
    start: learner.start,
    training: config,
    data: origin,
    evaluation: final.result,
  });
  // Known only now: the fingerprint is that of the folder's files.
  const [own, ...others] = final.result.systems as [SystemResult, ...SystemResult[]];
  const systems = [{ ...own, fingerprint }, ...others];
  const evaluation = { ...final.result, systems };
  writeFileAtomic(join(out, "evaluation.json"), `${JSON.stringify({ result: evaluation, ...final.details })}\n`);
  const result: TrainResult = {
    run: out,
    model,
    fingerprint,
    steps: end.state.step,
    best: { step: best.step, metric: config.metric, value: best.value },
    evaluation,
  };
  const finished: RunManifest = {
    ...manifest,
    finished: true,
    model: { start: learner.start, fingerprint },
    result,
    warnings: warnings.list(),
    timing: { finished: new Date().toISOString(), seconds: (performance.now() - started) / 1000 },
  };
  // The report reads the manifest, so it is there first; it counts as finished once everything is.
  writeManifest(out, { ...finished, finished: false });
  await options.finish?.(data, result);
  writeManifest(out, finished);
  await session.release();
  return result;
}
