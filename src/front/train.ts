import { join } from "node:path";
import type { Progress } from "../base/progress.js";
import type { RetrievalData } from "../base/types.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { encoderOf } from "../checkpoint/encoder.js";
import { type ModelDescription, readModelFolder } from "../checkpoint/index.js";

import { createEngine } from "../engine/onnxruntime.js";
import { writeReport } from "../report/report.js";
import { type CardModel, writeModelCard } from "../report/write-model-card.js";
import { resolveConfig, type TrainConfigInput } from "../train/config.js";
import { type TrainResult, trainRun } from "../train/train.js";
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
  /** Aborting leaves a checkpoint first, then throws `interrupted`. */
  readonly signal?: AbortSignal;
}

/** Trains a model on pairs: in-batch warm-up, pools, filters, drawn negatives, refresh, final evaluation, report and model folder. */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { data, out, resume, force, threads, progress, warnings = collectWarnings(), signal, ...given } = options;
  const source = typeof data === "string" ? data : data.source;
  const config = resolveConfig({ ...given, data: source });
  const engine = await createEngine(threads === undefined ? {} : { threads });
  try {
    const result = await trainRun({
      out,
      config,
      engine,
      warnings,
      ...(typeof data === "string" ? {} : { dataset: data }),
      ...(resume === undefined ? {} : { resume }),
      ...(force === undefined ? {} : { force }),
      ...(progress === undefined ? {} : { progress }),
      ...(signal === undefined ? {} : { signal }),
      finish: async (read) => {
        const model = join(out, "model");
        await exportModel({ model });
        await writeModelCard(out, cardOf(await readModelFolder(model, collectWarnings())));
        await writeReport(out, { textOf: (id) => read.documents.get(id)?.text });
      },
    });
    return result;
  } finally {
    await engine.close();
  }
}

/** What the model card says of the network itself. */
function cardOf(folder: ModelDescription): CardModel {
  const { similarity, maxLength } = folder;
  const architecture = folder.family === "static" ? "static embeddings" : `BERT, ${folder.config.layers} layers`;
  return { architecture, dimension: encoderOf(folder).dimension, similarity, maxLength };
}
