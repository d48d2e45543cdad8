import { join } from "node:path";
import type { Progress } from "../base/progress.js";
import type { Dataset, RetrievalData } from "../base/types.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { encoderOf } from "../checkpoint/encoder.js";
import { type ModelDescription, readModelFolder } from "../checkpoint/index.js";

import { createEngine } from "../engine/onnxruntime.js";
import { writeReport } from "../report/report.js";
import { type CardModel, writeModelCard } from "../report/write-model-card.js";
import { resolveConfig, type TrainConfigInput } from "../train/config.js";
import { type DryRun, type DryRunTiming, dryRun } from "../train/dry-run.js";
import { type TrainResult, type TrainRunOptions, trainRun } from "../train/train.js";
import { exportModel } from "./export.js";

export interface TrainOptions extends Omit<TrainConfigInput, "data"> {
  /** Files, or data already read. */
  readonly data: string | RetrievalData;
  /** The run folder. */
  readonly out: string;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly threads?: number;
  readonly progress?: Progress;
  readonly warnings?: Warnings;
  /** Hears what the files were recognised as, before any work starts. */
  readonly recognised?: (data: Dataset) => void;
  /** Aborting leaves a checkpoint first, then throws `interrupted`. */
  readonly signal?: AbortSignal;
}

/** Trains a model on pairs: in-batch warm-up, pools, filters, drawn negatives, refresh, final evaluation, report and model folder. */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { out, warnings = collectWarnings() } = options;
  return withEngine(options, (run) =>
    trainRun({
      ...run,
      warnings,
      finish: async (read) => {
        const model = join(out, "model");
        await exportModel({ model });
        await writeModelCard(out, cardOf(await readModelFolder(model, collectWarnings())));
        await writeReport(out, { textOf: (id) => read.documents.get(id)?.text });
      },
    }),
  );
}

/** What `train` with these options would do, with an estimate of its time and memory. Writes nothing. */
export async function planTraining(
  options: TrainOptions,
): Promise<{ readonly plan: DryRun; readonly timing: DryRunTiming }> {
  return withEngine(options, dryRun);
}

async function withEngine<T>(options: TrainOptions, work: (run: TrainRunOptions) => Promise<T>): Promise<T> {
  const { data, out, resume, force, threads, progress, warnings, recognised, signal, ...given } = options;
  const config = resolveConfig({ ...given, data: typeof data === "string" ? data : data.source });
  const engine = await createEngine(threads === undefined ? {} : { threads });
  try {
    return await work({
      out,
      config,
      engine,
      ...(typeof data === "string" ? {} : { dataset: data }),
      ...(resume === undefined ? {} : { resume }),
      ...(force === undefined ? {} : { force }),
      ...(progress === undefined ? {} : { progress }),
      ...(warnings === undefined ? {} : { warnings }),
      ...(recognised === undefined ? {} : { recognised }),
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    await engine.close();
  }
}

/** What architectures are called. */
const NAMES = {
  bert: "BERT",
  roberta: "RoBERTa",
  mpnet: "MPNet",
  distilbert: "DistilBERT",
  electra: "ELECTRA",
  modernbert: "ModernBERT",
} as const;

/** What the model card says of the network itself. */
function cardOf(folder: ModelDescription): CardModel {
  const { similarity, maxLength } = folder;
  const architecture =
    folder.family === "static" ? "static embeddings" : `${NAMES[folder.family]}, ${folder.config.layers} layers`;
  return { architecture, dimension: encoderOf(folder).dimension, similarity, maxLength };
}
