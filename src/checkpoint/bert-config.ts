import { z } from "zod";
import { inputError } from "../base/errors.js";
import { abbreviate, checkShape, modelError } from "./json.js";
import type { BertConfig, JsonObject } from "./types.js";

const SUPPORTED = ["bert"];

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
/** Defaults are those of transformers' BertConfig. */
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
});

/** Checks config.json. Throws `unsupported-model` for another architecture. */
export function readBertConfig(file: string, raw: unknown): BertConfig {
  const type = checkShape(file, raw, z.looseObject({}))["model_type"];
  if (type !== "bert")
    throw inputError("unsupported-model", "model_type is not supported", {
      file,
      field: "model_type",
      found: abbreviate(type),
      expected: `one of ${SUPPORTED.join(", ")} (or a static embedding model)`,
    });
  const config = checkShape(file, raw, schema);
  const { hidden_size: hiddenSize, num_attention_heads: heads } = config;
  if (hiddenSize % heads !== 0)
    throw modelError(file, "hidden_size is not divisible by num_attention_heads", {
      field: "num_attention_heads",
      found: `hidden_size ${hiddenSize}, num_attention_heads ${heads}`,
      expected: "a number of heads that divides hidden_size",
    });
  const activation = ACTIVATIONS.get(config.hidden_act);
  if (activation === undefined)
    throw modelError(file, "unsupported activation", {
      field: "hidden_act",
      found: config.hidden_act,
      expected: `one of ${[...ACTIVATIONS.keys()].join(", ")}`,
    });
  return {
    vocabSize: config.vocab_size,
    hiddenSize,
    layers: config.num_hidden_layers,
    heads,
    intermediateSize: config.intermediate_size,
    maxPositions: config.max_position_embeddings,
    typeVocabSize: config.type_vocab_size,
    layerNormEpsilon: config.layer_norm_eps,
    activation,
    hiddenDropout: config.hidden_dropout_prob,
    attentionDropout: config.attention_probs_dropout_prob,
  };
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
