import { join } from "node:path";
import type { Progress } from "../base/progress.js";
import type { Dataset } from "../base/types.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { encoderOf } from "../checkpoint/encoder.js";
import {
  type CrossEncoderDescription,
  isCrossEncoder,
  isMlpFolder,
  type MlpFolder,
  type ModelDescription,
  readCrossEncoder,
  readMlpFolder,
  readModelFolder,
} from "../checkpoint/index.js";

import { createEngine } from "../engine/onnxruntime.js";
import type { ConfiguredLossName, LossKinds, LossName } from "../losses/index.js";
import { writeReport } from "../report/report.js";
import { type CardModel, writeModelCard } from "../report/write-model-card.js";
import { resolveConfig, type TrainConfigInput } from "../train/config.js";
import { type DryRun, type DryRunTiming, dryRun } from "../train/dry-run.js";
import type { TrainingData } from "../train/kinds.js";
import { recordedKind } from "../train/run-folder.js";
import { type TrainResult, type TrainRunOptions, trainRun } from "../train/train.js";
import { loadTrainingData } from "../train/training-data.js";
import { exportModel } from "./export.js";

export interface TrainOptions extends Omit<TrainConfigInput, "data"> {
  /** Files, or data already read. */
  readonly data: string | TrainingData;
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

/** What makes no sense beside a loss: a miner where it takes no labelled rows, mined triplets where it takes no pairs. */
type Beside<L extends ConfiguredLossName> = L extends LossName
  ? ("labelled" extends LossKinds<L> ? unknown : { readonly miner?: null }) &
      ("pairs" extends LossKinds<L> ? unknown : { readonly mine?: null })
  : unknown;

/**
 * Trains a model and evaluates it: on queries with documents (in-batch warm-up, pools, filters, drawn negatives, refresh), on labelled items or on
 * scored pairs; embedding models, cross-encoders, and masked language models. Writes a run folder with report and model.
 */
export async function train<const L extends ConfiguredLossName = ConfiguredLossName>(
  options: TrainOptions & { readonly loss?: L | undefined } & Beside<L>,
): Promise<TrainResult>;
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { out, warnings = collectWarnings() } = options;
  return withEngine({ ...options, warnings }, (run) =>
    trainRun({
      ...run,
      warnings,
      finish: async (read) => {
        const model = join(out, "model");
        if (isMlpFolder(model)) await writeModelCard(out, networkCard(await readMlpFolder(model)));
        else if (isCrossEncoder(model)) {
          await exportModel({ model });
          await writeModelCard(out, pairCard(await readCrossEncoder(model, collectWarnings())));
        } else {
          await exportModel({ model });
          await writeModelCard(out, cardOf(await readModelFolder(model, collectWarnings())));
        }
        await writeReport(out, { textOf: (id) => textIn(read, id) });
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
  const named = { ...given, data: typeof data === "string" ? data : data.source };
  // Before anything is read: what is wrong with any data is wrong now.
  const { columns } = resolveConfig(named);
  const recorded = force === true ? undefined : recordedKind(out);
  const read =
    typeof data !== "string"
      ? data
      : recorded === undefined
        ? await loadTrainingData({ data, columns }, warnings ?? collectWarnings(), recognised)
        : undefined;
  const config = resolveConfig(named, read?.kind ?? recorded);
  const engine = await createEngine(threads === undefined ? {} : { threads });
  try {
    return await work({
      out,
      config,
      engine,
      ...(read === undefined ? {} : { dataset: read }),
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

/** The text of a document or item, where there is one. */
function textIn(data: TrainingData, id: string): string | undefined {
  if (data.kind === "retrieval") return data.documents.get(id)?.text;
  return data.kind === "labelled" ? data.items.get(id)?.text : undefined;
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

function pairCard({ family, config, maxLength, classifier }: CrossEncoderDescription): CardModel {
  const architecture = `${NAMES[family]} cross-encoder, ${config.layers} layers`;
  return { architecture, dimension: classifier.labels, similarity: "cosine", maxLength, pairs: true };
}

function networkCard({ config, content, similarity }: MlpFolder): CardModel {
  const rows =
    content.kind === "pixels"
      ? `pictures of ${content.height} × ${content.width} pixels and ${content.channels} channels, row after row, each value divided by 255`
      : `vectors of ${content.dimension} numbers`;
  const { inputs, layers, residual } = config;
  const architecture = layers.length === 1 ? "a linear layer" : `a network of ${layers.length} layers with ReLU`;
  return {
    architecture: `${architecture} on ${inputs} numbers${residual === undefined ? "" : ", added to these"}`,
    dimension: layers.at(-1) ?? 0,
    similarity,
    maxLength: null,
    rows,
  };
}
