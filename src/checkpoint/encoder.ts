import { bertNetwork } from "../nn/bert.js";
import type { TextEncoder, TokenPooling } from "../nn/encoder.js";
import { modernBertNetwork } from "../nn/modernbert.js";
import type { Network } from "../nn/network.js";
import { staticEncoder } from "../nn/static.js";
import { embeddingTop, transformerEncoder } from "../nn/transformer.js";
import type { ModelDescription, TransformerConfig } from "./types.js";

/** The encoder that a description stands for; `pooling` reads other vectors of the same tokens. */
export function encoderOf(
  model: ModelDescription,
  { pooling }: { readonly pooling?: readonly TokenPooling[] } = {},
): TextEncoder {
  if (model.family === "static") return staticEncoder(model.config.vocabSize, model.config.dimension, model.head);
  const modes = pooling ?? model.pooling?.modes ?? ["mean"];
  return transformerEncoder(networkOf(model), embeddingTop(model.config.hiddenSize, modes, model.head));
}

/** The transformer without what follows its last layer. */
export function networkOf(model: TransformerConfig): Network {
  return model.family === "modernbert" ? modernBertNetwork(model.config) : bertNetwork(model.family, model.config);
}
