import { z } from "zod";
import type { BertFamily } from "../nn/network.js";
import { checkShape, modelError } from "./json.js";
import type { BertConfig, JsonObject } from "./types.js";

/** The exact GELU, its tanh approximation under the names it has had, and ReLU. */
const ACTIVATIONS: ReadonlyMap<string, BertConfig["activation"]> = new Map([
  ["gelu", "gelu"],
  ["gelu_new", "gelu_new"],
  ["gelu_pytorch_tanh", "gelu_new"],
  ["gelu_fast", "gelu_new"],
  ["relu", "relu"],
]);

const size = z.int().positive();
const rate = z.number().min(0).lt(1);
/** Defaults are those of transformers' configurations. */
const schema = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  max_position_embeddings: size,
  type_vocab_size: size.default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_act: z.string().default("gelu"),
  hidden_dropout_prob: rate.default(0.1),
  attention_probs_dropout_prob: rate.default(0.1),
  position_embedding_type: z.literal("absolute").default("absolute"),
  is_decoder: z.literal(false).default(false),
  embedding_size: size.optional(),
  pad_token_id: z.int().min(0).nullish(),
  relative_attention_num_buckets: z.int().positive().multipleOf(4).default(32),
});

/** DistilBERT's keys for the same. */
const distilbertSchema = z
  .looseObject({
    vocab_size: size,
    dim: size,
    n_layers: size,
    n_heads: size,
    hidden_dim: size,
    max_position_embeddings: size,
    activation: z.string().default("gelu"),
    dropout: rate.default(0.1),
    attention_dropout: rate.default(0.1),
  })
  .transform((raw) =>
    schema.parse({
      vocab_size: raw.vocab_size,
      hidden_size: raw.dim,
      num_hidden_layers: raw.n_layers,
      num_attention_heads: raw.n_heads,
      intermediate_size: raw.hidden_dim,
      max_position_embeddings: raw.max_position_embeddings,
      hidden_act: raw.activation,
      hidden_dropout_prob: raw.dropout,
      attention_probs_dropout_prob: raw.attention_dropout,
    }),
  );

/** Checks the config.json of BERT or of a relative. */
export function readBertConfig(file: string, raw: unknown, family: BertFamily): BertConfig {
  const config = checkShape(file, raw, family === "distilbert" ? distilbertSchema : schema);
  const { hidden_size: hiddenSize, num_attention_heads: heads } = config;
  checkHeads(file, hiddenSize, heads);
  const activation = ACTIVATIONS.get(config.hidden_act);
  if (activation === undefined)
    throw modelError(file, "unsupported activation", {
      field: "hidden_act",
      found: config.hidden_act,
      expected: `one of ${[...ACTIVATIONS.keys()].join(", ")}`,
    });
  // MPNet's padding token is fixed in its code.
  const positionsAfter = family === "roberta" ? (config.pad_token_id ?? 1) : family === "mpnet" ? 1 : undefined;
  if (positionsAfter !== undefined && positionsAfter + 3 > config.max_position_embeddings)
    throw modelError(file, "no positions are left for text, since they count from after the padding token", {
      field: "pad_token_id",
      found: `pad_token_id ${positionsAfter}, max_position_embeddings ${config.max_position_embeddings}`,
    });
  return {
    vocabSize: config.vocab_size,
    hiddenSize,
    layers: config.num_hidden_layers,
    heads,
    intermediateSize: config.intermediate_size,
    maxPositions: config.max_position_embeddings,
    typeVocabSize: family === "mpnet" || family === "distilbert" ? 0 : config.type_vocab_size,
    // DistilBERT's is fixed in its code.
    layerNormEpsilon: family === "distilbert" ? 1e-12 : config.layer_norm_eps,
    activation,
    hiddenDropout: config.hidden_dropout_prob,
    attentionDropout: config.attention_probs_dropout_prob,
    ...(family === "electra" ? { embeddingSize: config.embedding_size ?? 128 } : {}),
    ...(positionsAfter === undefined ? {} : { positionsAfter }),
    ...(family === "mpnet" ? { relativeBuckets: config.relative_attention_num_buckets } : {}),
  };
}

export function checkHeads(file: string, hiddenSize: number, heads: number): void {
  if (hiddenSize % heads === 0) return;
  throw modelError(file, "hidden_size is not divisible by num_attention_heads", {
    field: "num_attention_heads",
    found: `hidden_size ${hiddenSize}, num_attention_heads ${heads}`,
    expected: "a number of heads that divides hidden_size",
  });
}

/** The config.json of a fresh model. */
export function bertJson(config: BertConfig, padTokenId: number, initializerRange: number): JsonObject {
  return {
    architectures: ["BertModel"],
    attention_probs_dropout_prob: config.attentionDropout,
    dtype: "float32",
    hidden_act: config.activation,
    hidden_dropout_prob: config.hiddenDropout,
    hidden_size: config.hiddenSize,
    initializer_range: initializerRange,
    intermediate_size: config.intermediateSize,
    layer_norm_eps: config.layerNormEpsilon,
    max_position_embeddings: config.maxPositions,
    model_type: "bert",
    num_attention_heads: config.heads,
    num_hidden_layers: config.layers,
    pad_token_id: padTokenId,
    type_vocab_size: config.typeVocabSize,
    vocab_size: config.vocabSize,
  };
}
