import { loadTokenizer } from "../data/tokenize.js";
import type { HostTensor } from "../graph/host.js";
import { type Dim, input, iota, type Tensor, where } from "../graph/index.js";
import { withInt8Products } from "../graph/int8.js";
import { writeOnnx } from "../graph/onnx/write.js";
import type { PaddedInputs } from "../nn/encoder.js";
import { encoderOf, pairEncoderOf } from "./encoder.js";
import type { CrossEncoderDescription, ModelDescription } from "./types.js";

/**
 * The model as an ONNX file for padded batches: int64 `input_ids`, `attention_mask` and, where the model has token types, `token_type_ids` [batch, sequence] in,
 * `sentence_embedding` [batch, dimension] and `last_hidden_state` [batch, sequence, hidden] out. Weights are inside; with
 * `int8`, those of products over tokens and of tables as 8-bit integers.
 */
export function onnxModel(
  model: ModelDescription,
  weights: ReadonlyMap<string, HostTensor>,
  quantize: "int8" | null = null,
): Uint8Array {
  const inputs = paddedInputs();
  const { vectors, tokens } = encoderOf(model).forwardPadded({ ...inputs, ids: closed(inputs.ids, model) });
  return written({ last_hidden_state: tokens, sentence_embedding: vectors }, weights, quantize);
}

/** A cross-encoder with the same inputs: `logits` [batch, labels] out, before any activation. */
export function onnxCrossEncoder(
  model: CrossEncoderDescription,
  weights: ReadonlyMap<string, HostTensor>,
  quantize: "int8" | null = null,
): Uint8Array {
  return written({ logits: pairEncoderOf(model).forwardPadded(paddedInputs()).vectors }, weights, quantize);
}

function paddedInputs(): PaddedInputs {
  const shape = ["batch", "sequence"];
  return {
    ids: input("input_ids", shape, "int32"),
    mask: input("attention_mask", shape, "int32").cast("float32"),
    types: input("token_type_ids", shape, "int32"),
  };
}

function written(
  outputs: Readonly<Record<string, Tensor>>,
  parameters: ReadonlyMap<string, HostTensor>,
  quantize: "int8" | null,
): Uint8Array {
  const int64Inputs = ["input_ids", "attention_mask", "token_type_ids"];
  // Weights of at most 63: the file may run where 8-bit products saturate beyond.
  const options = { forward: true, inputGradient: false, limit: 63, rows: "sequence", tables: true };
  const names = Object.keys(outputs);
  const roots = Object.values(outputs);
  const results = quantize === "int8" ? withInt8Products(roots, options) : roots;
  const named = Object.fromEntries(names.map((name, i) => [name, results[i] as Tensor]));
  return writeOnnx(named, { parameters, int64Inputs }).model;
}

/**
 * The ids with the closing special token in the last place that the model has. A text that reaches it was cut there, and where
 * truncation is mere cutting, as in transformers.js, the closing token was lost; in all other texts it stands there anyway.
 */
function closed(ids: Tensor, model: ModelDescription): Tensor {
  const { family, maxLength, tokenizerJson, tokenizerConfig } = model;
  if (family === "static" || maxLength === null || tokenizerConfig["truncation_side"] === "left") return ids;
  const tokenizer = loadTokenizer(tokenizerJson, tokenizerConfig);
  const last = tokenizer.encode("").at(-1);
  if (last === undefined || tokenizer.encode("a").at(-1) !== last) return ids;
  const place = iota(ids.shape[1] as Dim).unsqueeze(0);
  return where(place.equal(maxLength - 1), last, ids);
}
