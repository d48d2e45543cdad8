import { fingerprint } from "../base/fingerprint.js";
import type { Warnings } from "../base/warnings.js";
import {
  type FloatTensor,
  freshBert,
  freshMlp,
  freshStatic,
  isMlpFolder,
  loadMlp,
  loadWeights,
  type MlpFolder,
  type ModelDescription,
  readMlpFolder,
  readModelFolder,
} from "../checkpoint/index.js";
import { trainBytePairs } from "../data/byte-pairs.js";
import { trainWordPiece } from "../data/vocabulary.js";
import type { TrainConfig } from "./config.js";

/** How to make the starting weights again: what a model's manifest says under `start`. */
export type StartRecord =
  | { readonly kind: "folder"; readonly path: string; readonly fingerprint: string }
  | {
      readonly kind: "fresh";
      readonly model: "static" | "bert";
      readonly seed: number;
      readonly dimension: number;
      readonly layers: number;
      readonly heads: number;
      readonly intermediate: number;
      readonly maxLength: number;
      readonly fingerprint: string;
    };

/** How the starting weights of a network on pixels or vectors are made again. */
export type FeatureStart = (
  | { readonly kind: "folder"; readonly path: string; readonly fingerprint: string }
  | {
      readonly kind: "fresh";
      readonly model: FreshNetwork;
      readonly seed: number;
      readonly fingerprint: string;
    }
) & {
  /** The fingerprint of the given vectors of queries and documents that it is trained on. */
  readonly vectors?: string;
};

/**
 * Networks from nothing on rows of numbers: `mlp` begins with random layers, `linear` (a linear map added to what comes in) and `residual` (layers added to it) with the
 * rows' own directions.
 */
const freshNetworks = ["mlp", "linear", "residual"] as const;
export type FreshNetwork = (typeof freshNetworks)[number];

export function freshNetwork(model: string): FreshNetwork | undefined {
  return freshNetworks.find((name) => name === model);
}

/** Whether a model reads rows of numbers, not texts. */
export function isNetwork(model: string): boolean {
  return freshNetwork(model) !== undefined || isMlpFolder(model);
}

/** The model before training. */
export interface StartingModel {
  readonly description: ModelDescription;
  readonly tensors: ReadonlyMap<string, FloatTensor>;
  readonly record: StartRecord;
}

/** Opens the folder that the configuration names, or makes a model from nothing with a vocabulary of these texts. */
export async function startingModel(
  config: TrainConfig,
  texts: () => Iterable<string>,
  warnings: Warnings,
): Promise<StartingModel> {
  if (config.model !== "static" && config.model !== "bert") {
    const folder = await readModelFolder(config.model, warnings);
    const description =
      config.maxLength === null
        ? folder
        : { ...folder, maxLength: Math.min(config.maxLength, folder.maxLength ?? config.maxLength) };
    return {
      description,
      tensors: loadWeights(folder),
      record: { kind: "folder", path: config.model, fingerprint: folder.fingerprint },
    };
  }
  const learnVocabulary = config.vocabulary === "byte-pairs" ? trainBytePairs : trainWordPiece;
  const vocabulary = learnVocabulary(texts(), { size: config.vocabularySize });
  const sizes = {
    model: config.model,
    seed: config.seed,
    dimension: config.dimension,
    layers: config.layers,
    heads: config.heads,
    intermediate: config.intermediate,
    maxLength: config.maxLength ?? 256,
  } as const;
  const { description: fresh, tensors } = freshModel(sizes, vocabulary);
  const description = fresh.family === "static" ? { ...fresh, maxLength: config.maxLength } : fresh;
  return { description, tensors, record: { kind: "fresh", ...sizes, fingerprint: fingerprintOf(tensors) } };
}

/** The starting weights of a model that nearmiss trained, from the manifest's record; null when they cannot be had any more. */
export async function restart(
  record: StartRecord,
  trained: Pick<ModelDescription, "tokenizerJson" | "tokenizerConfig" | "maxLength"> & {
    readonly config: { readonly vocabSize: number };
  },
  warnings: Warnings,
): Promise<StartingModel | null> {
  if (record.kind === "folder") {
    try {
      const folder = await readModelFolder(record.path, warnings);
      return folder.fingerprint === record.fingerprint
        ? { description: folder, tensors: loadWeights(folder), record }
        : null;
    } catch {
      return null;
    }
  }
  const { description, tensors } = freshModel(record, {
    tokenizer: trained.tokenizerJson,
    config: trained.tokenizerConfig,
    size: trained.config.vocabSize,
  });
  return fingerprintOf(tensors) === record.fingerprint
    ? { description: { ...description, maxLength: trained.maxLength }, tensors, record }
    : null;
}

/** The starting weights of a network that nearmiss trained; null when they cannot be had any more. */
export async function restartNetwork(
  trained: MlpFolder,
): Promise<{ readonly tensors: ReadonlyMap<string, FloatTensor>; readonly record: FeatureStart } | null> {
  const record = trained.manifest["start"] as FeatureStart | undefined;
  if (record === undefined || (record.kind === "folder" && !isMlpFolder(record.path))) return null;
  if (record.kind === "folder") {
    const folder = await readMlpFolder(record.path);
    return folder.fingerprint === record.fingerprint ? { tensors: loadMlp(folder), record } : null;
  }
  const { tensors } = freshMlp(trained.content, trained.config, record.seed);
  return fingerprintOf(tensors) === record.fingerprint ? { tensors, record } : null;
}

type FreshSizes = Pick<
  Extract<StartRecord, { kind: "fresh" }>,
  "model" | "seed" | "dimension" | "layers" | "heads" | "intermediate" | "maxLength"
>;

function freshModel(sizes: FreshSizes, vocabulary: Parameters<typeof freshStatic>[0]["vocabulary"]) {
  const { dimension, seed, layers, heads, intermediate, maxLength } = sizes;
  const fresh =
    sizes.model === "static"
      ? freshStatic({ vocabulary, dimension, seed })
      : freshBert({
          vocabulary,
          layers,
          hiddenSize: dimension,
          heads,
          intermediateSize: intermediate,
          maxLength,
          seed,
        });
  return { description: fresh.model, tensors: fresh.tensors };
}

export function fingerprintOf(tensors: ReadonlyMap<string, FloatTensor>): string {
  return fingerprint(
    ...[...tensors]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, { data }]) => [name, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]),
  );
}
