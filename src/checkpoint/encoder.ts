import { bertEncoder } from "../nn/bert.js";
import type { TextEncoder } from "../nn/encoder.js";
import { staticEncoder } from "../nn/static.js";
import type { ModelDescription } from "./types.js";

/** The network that a description stands for. */
export function encoderOf(model: ModelDescription): TextEncoder {
  if (model.family === "static") return staticEncoder(model.config.vocabSize, model.config.dimension, model.head);
  const modes = model.pooling?.modes ?? ["mean"];
  return bertEncoder(model.config, modes, model.head, model.config.hiddenSize * modes.length);
}
