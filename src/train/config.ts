import { z } from "zod";
import { inputError } from "../base/errors.js";
import { isCrossEncoder } from "../checkpoint/index.js";
import type { ConfiguredLossName } from "../losses/index.js";
import type { MinerName } from "../miners/index.js";
import type { SamplerName } from "../negatives/parse-sampler.js";
import type { TrainingData } from "./kinds.js";

/** A name that the part it belongs to checks at run time, with what it expects; the compiler knows the names already. */
const name = <Name extends string>() => z.custom<Name>((value) => typeof value === "string", "expected a name");

/** How labelled items are put into batches. */
const batchings = ["classes-times-items", "balanced", "pairs", "anchor-classes"] as const;

/** Everything that decides a run, as `RUN/config.json` holds it. Given back as `--config` it repeats the run. */
export const trainConfig = z.strictObject({
  data: z.string(),
  columns: z.record(z.string(), z.string()).default({}),
  /** `static`, `bert`, `cross-encoder` (all from nothing) or a model folder; on rows of numbers `mlp`, `linear`, `residual` or the folder of one. */
  model: z.string().default("static"),
  /** `.npy` files of another model's vectors of the queries and documents, on which a head is trained; null: texts are encoded. */
  vectors: z.strictObject({ queries: z.string(), documents: z.string() }).nullable().default(null),
  /** The folder of the encoder that a new cross-encoder begins with; null: a BERT from nothing. */
  encoder: z.string().nullable().default(null),
  seed: z.int().min(0).default(1),
  loss: name<ConfiguredLossName>().default("mnrl"),
  /** Options of the loss by its own names. */
  lossParams: z.record(z.string(), z.unknown()).default({}),
  /** Factor on the similarity, 1 / temperature; null: as the loss has it. */
  scale: z.number().positive().nullable().default(null),
  /** Margin of margin losses, in units of their distance; null: as the loss has it. */
  margin: z.number().positive().nullable().default(null),
  /** Selection inside a batch of labelled items; null: the loss takes everything. */
  miner: name<MinerName>().nullable().default(null),
  minerParams: z.record(z.string(), z.unknown()).default({}),
  /** How labelled items are put into batches; null: as the loss needs them. */
  batches: z.enum(batchings).nullable().default(null),
  batchParams: z.record(z.string(), z.unknown()).default({}),
  /**
   * The negative of every labelled item, mined with its positive over the whole split by the model as it stands (`mineFrom`, `refreshEvery`); null: none.
   * For losses over pairs and triplets.
   */
  mine: z.enum(["hardest", "semi-hard"]).nullable().default(null),
  /** How it is mined: `positive`, `metric`, `margin`, `fallback`, `subset`. */
  mineParams: z.record(z.string(), z.unknown()).default({}),
  /** Vectors of earlier batches that labelled items are compared with; 0: none. */
  memory: z.int().min(0).default(0),
  /** Batches before the memory counts: at first its vectors are soon out of date. */
  memoryFrom: z.int().min(0).default(0),
  sampler: name<SamplerName | "in-batch">().default("simans"),
  samplerParams: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  filters: z.array(z.string()).default(["perc-pos=0.95"]),
  /** Filters that are on unless named here: `known-positives`, `equal-text`. */
  noFilters: z.array(z.string()).default([]),
  candidates: z.enum(["train", "corpus"]).default("train"),
  /** Negatives drawn for a row. */
  count: z.int().min(1),
  /** Candidates of a pool. */
  depth: z.int().min(1).default(100),
  short: z.enum(["fewer", "skip", "fill"]).default("fewer"),
  epochs: z.number().positive(),
  steps: z.int().min(1).nullable().default(null),
  /** Share of the run with in-batch negatives alone, before the first pool. */
  mineFrom: z.number().min(0).max(1).default(0.5),
  refreshEvery: z.int().min(1).nullable().default(null),
  batchSize: z.int().min(2),
  /** Micro-batches of an update. Gradient accumulation adds no negatives. */
  accumulate: z.int().min(1).default(1),
  /**
   * Rows that are encoded at once (GradCache, Gao et al. 2021): memory is that of so few, negatives and gradient are those of the whole batch,
   * and every text is encoded twice. null: the whole batch at once.
   */
  microBatch: z.int().min(1).nullable().default(null),
  /**
   * Products of tokens and weights: `int8` by 8-bit integers in the forward pass and for input gradients, `int8-gradient` for input gradients alone.
   * Weight gradients, evaluation and mining are float32.
   */
  precision: z.enum(["float32", "int8", "int8-gradient"]).default("float32"),
  maxLength: z.int().min(3).nullable().default(null),
  learningRate: z.number().positive(),
  /** Factor on the learning rate for what the loss learns itself: proxies, class weights, a margin. */
  lossLearningRate: z.number().min(0).default(1),
  schedule: z.enum(["constant", "linear", "cosine"]).default("linear"),
  /** Below 1 a share of the steps, else a number of steps. */
  warmup: z.number().min(0).default(0.1),
  optimiser: z.enum(["adamw", "sparse-adamw", "sgd"]).default("adamw"),
  weightDecay: z.number().min(0),
  maxNorm: z.number().positive().nullable().default(1),
  dropout: z.number().min(0).max(0.9),
  devSplit: z.string().default("dev"),
  /** Documents of the evaluation during training: those judged there and further ones, chosen by hash. */
  devDocuments: z.int().min(1),
  /** What finds the documents that a cross-encoder ranks, and its negatives: `bm25` or an embedding model's folder. */
  firstStage: z.string().default("bm25"),
  /** Documents of a query that a cross-encoder ranks in the final evaluation, and in those during training. */
  rerankDepth: z.int().min(1).default(100),
  devDepth: z.int().min(1).default(20),
  evalEvery: z.int().min(1).nullable().default(null),
  metric: z.string().default("ndcg@10"),
  /** Evaluations without a better value before training stops; null: never. */
  patience: z.int().min(1).nullable().default(null),
  checkpointEvery: z.int().min(1).nullable().default(null),
  allowDuplicates: z.boolean().default(false),
  /** Sizes of a model from nothing. */
  dimension: z.int().min(2),
  vocabulary: z.enum(["word-piece", "byte-pairs"]).default("word-piece"),
  vocabularySize: z.int().min(100).default(30000),
  layers: z.int().min(1).default(2),
  heads: z.int().min(1).default(4),
  intermediate: z.int().min(1).default(512),
  /** Widths of the layers before the last one of an `mlp` or `residual` from nothing; none: a linear map. */
  hidden: z.array(z.int().min(1)).default([128]),
});

export type TrainConfig = z.output<typeof trainConfig>;
export type TrainConfigInput = Partial<z.input<typeof trainConfig>>;

type KindDefaults = Pick<
  TrainConfig,
  | "epochs"
  | "count"
  | "batchSize"
  | "learningRate"
  | "weightDecay"
  | "dropout"
  | "devDocuments"
  | "dimension"
  | "maxLength"
>;

/** What is trained: from nothing, from a folder, or a cross-encoder from a folder. */
type ModelKind = "static" | "bert" | "mlp" | "head" | "folder" | "cross-encoder" | "cross-encoder-folder";

/** Defaults that depend on what is trained. */
const kinds: Readonly<Record<ModelKind, KindDefaults>> = {
  static: {
    epochs: 20,
    count: 4,
    batchSize: 512,
    learningRate: 0.1,
    weightDecay: 0,
    dropout: 0,
    devDocuments: 20_000,
    dimension: 256,
    maxLength: null,
  },
  bert: {
    epochs: 8,
    count: 1,
    batchSize: 64,
    learningRate: 1e-3,
    weightDecay: 0.01,
    dropout: 0.1,
    devDocuments: 4_000,
    dimension: 128,
    maxLength: 64,
  },
  mlp: {
    epochs: 20,
    count: 4,
    batchSize: 128,
    learningRate: 1e-3,
    weightDecay: 0,
    dropout: 0,
    devDocuments: 20_000,
    dimension: 64,
    maxLength: null,
  },
  head: {
    epochs: 20,
    count: 4,
    batchSize: 256,
    learningRate: 3e-4,
    weightDecay: 0.01,
    dropout: 0,
    devDocuments: 20_000,
    dimension: 2,
    maxLength: null,
  },
  folder: {
    epochs: 1,
    count: 1,
    batchSize: 32,
    learningRate: 5e-5,
    weightDecay: 0.01,
    dropout: 0,
    devDocuments: 1_000,
    dimension: 2,
    maxLength: null,
  },
  "cross-encoder": {
    epochs: 8,
    count: 4,
    batchSize: 16,
    learningRate: 1e-3,
    weightDecay: 0.01,
    dropout: 0.1,
    devDocuments: 4_000,
    dimension: 128,
    maxLength: 128,
  },
  "cross-encoder-folder": {
    epochs: 1,
    count: 4,
    batchSize: 16,
    learningRate: 2e-5,
    weightDecay: 0.01,
    dropout: 0,
    devDocuments: 1_000,
    dimension: 2,
    maxLength: null,
  },
};

/** Defaults that depend on what is trained on. */
const dataDefaults: Readonly<Record<TrainingData["kind"], TrainConfigInput>> = {
  retrieval: {},
  labelled: { loss: "multi-similarity", sampler: "in-batch", metric: "map@r", mineFrom: 0 },
  scored: { loss: "cosent", sampler: "in-batch", metric: "spearman" },
};

/** Defaults of cross-encoders, over those of the data. */
const crossDefaults: Readonly<Record<TrainingData["kind"], TrainConfigInput>> = {
  retrieval: { loss: "multi-positive-listwise", mineFrom: 0 },
  labelled: {},
  scored: { loss: "bce-with-logits" },
};

/** Whether a configuration trains a cross-encoder. */
export function trainsCrossEncoder({ model }: Pick<TrainConfig, "model">): boolean {
  return model === "cross-encoder" || (!fresh.includes(model) && isCrossEncoder(model));
}

/** Models from nothing. */
const fresh: readonly string[] = ["static", "bert", "mlp", "linear", "residual"];

function kindOf({ model, encoder }: Pick<TrainConfig, "model" | "encoder">): ModelKind {
  if (trainsCrossEncoder({ model }))
    return model === "cross-encoder" && encoder === null ? "cross-encoder" : "cross-encoder-folder";
  if (model === "linear" || model === "residual") return "head";
  return model === "static" || model === "bert" || model === "mlp" ? model : "folder";
}

/** What the kind of data, the kind of model and the loss make of the options that were not given. */
function defaultsOf(given: TrainConfigInput, data: TrainingData["kind"]): TrainConfigInput {
  const masked = given.loss === "mlm";
  const model = given.model ?? (masked ? "bert" : given.vectors == null ? "static" : "linear");
  const kind = kindOf({ model, encoder: given.encoder ?? null });
  const ofData = masked ? ({ sampler: "in-batch", metric: "log-likelihood" } as const) : dataDefaults[data];
  const ofCross = trainsCrossEncoder({ model }) ? crossDefaults[data] : {};
  const ofLoss = given.loss === "cross-entropy" ? { metric: "accuracy" } : {};
  const hidden = model === "linear" ? { hidden: [] } : {};
  return { model, ...kinds[kind], ...hidden, ...ofData, ...ofCross, ...ofLoss };
}

/**
 * Fills a configuration: what is given wins over the defaults of the kind of data, and these over those of the kind of model. Throws `bad-config`
 * naming the key.
 */
export function resolveConfig(given: TrainConfigInput, data: TrainingData["kind"] = "retrieval"): TrainConfig {
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const parsed = trainConfig.safeParse({ ...defaultsOf(present, data), ...present });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join(".") || (issue?.code === "unrecognized_keys" ? issue.keys.join(", ") : "");
  throw inputError("bad-config", `the training options are not valid: ${issue?.message}`, {
    field,
    found: JSON.stringify(
      issue?.path.reduce<unknown>((held, key) => (held as Record<PropertyKey, unknown>)?.[key], present) ?? null,
    ),
    hint: "see RUN/config.json of an earlier run for all keys",
  });
}
