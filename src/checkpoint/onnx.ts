import type { HostTensor } from "../graph/host.js";
import { input } from "../graph/index.js";
import { writeOnnx } from "../graph/onnx/write.js";
import { encoderOf } from "./encoder.js";
import type { ModelDescription } from "./types.js";

/**
 * The model as an ONNX file for padded batches: int64 `input_ids`, `attention_mask` and (BERT) `token_type_ids` [batch, sequence] in,
 * `sentence_embedding` [batch, dimension] and `last_hidden_state` [batch, sequence, hidden] out. Weights are inside.
 */
export function onnxModel(model: ModelDescription, weights: ReadonlyMap<string, HostTensor>): Uint8Array {
  const shape = ["batch", "sequence"];
  const ids = input("input_ids", shape, "int32");
  const mask = input("attention_mask", shape, "int32").cast("float32");
  const types = input("token_type_ids", shape, "int32");
  const { vectors, tokens } = encoderOf(model).forwardPadded({ ids, mask, types });
  const { model: bytes } = writeOnnx(
    { last_hidden_state: tokens, sentence_embedding: vectors },
    { parameters: weights, int64Inputs: ["input_ids", "attention_mask", "token_type_ids"] },
  );
  return bytes;
}
