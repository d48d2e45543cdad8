import { inputError } from "../base/errors.js";
import { bertNetwork } from "../nn/bert.js";
import { classifierTop } from "../nn/classifier.js";
import type { TextEncoder, TokenPooling } from "../nn/encoder.js";
import { type MaskedLanguageModel, maskedLanguageModel, maskedLmNames } from "../nn/masked-lm.js";
import { modernBertNetwork } from "../nn/modernbert.js";
import type { Network } from "../nn/network.js";
import { staticEncoder } from "../nn/static.js";
import { embeddingTop, transformerEncoder } from "../nn/transformer.js";
import type { CrossEncoderDescription, ModelDescription, TransformerConfig, TransformerDescription } from "./types.js";

/** The encoder that a description stands for; `pooling` reads other vectors of the same tokens. */
export function encoderOf(
  model: ModelDescription,
  { pooling }: { readonly pooling?: readonly TokenPooling[] } = {},
): TextEncoder {
  if (model.family === "static") return staticEncoder(model.config.vocabSize, model.config.dimension, model.head);
  const modes = pooling ?? model.pooling?.modes ?? ["mean"];
  return transformerEncoder(networkOf(model), embeddingTop(model.config.hiddenSize, modes, model.head));
}

/** A cross-encoder's network: its vectors are the logits [pairs, labels], so a loss over them trains it. */
export function pairEncoderOf(model: CrossEncoderDescription): TextEncoder {
  const network = networkOf(model);
  return transformerEncoder(network, classifierTop(network, model.classifier));
}

/** The masked language model whose head came with an encoder. Throws `no-masked-lm-head` where there is none. */
export function maskedLanguageModelOf(model: TransformerDescription): MaskedLanguageModel {
  const names = maskedLmNames[model.family];
  const { places, config } = model;
  if (!places.has(`${names.dense}.weight`) || !places.has(`${names.norm}.weight`))
    throw inputError("no-masked-lm-head", "the model has no head for masked language modelling", {
      field: `${names.dense}.weight`,
      hint: "begin with a checkpoint of pre-training (…ForMaskedLM)",
    });
  return maskedLanguageModel(networkOf(model), {
    activation: "activation" in config ? config.activation : "gelu",
    layerNormEpsilon: config.layerNormEpsilon,
    denseBias: places.has(`${names.dense}.bias`),
    normBias: places.has(`${names.norm}.bias`),
    outputBias: places.has(names.outputBias),
    tied: !places.has(names.output),
  });
}

/** The transformer without what follows its last layer. */
export function networkOf(model: TransformerConfig): Network {
  return model.family === "modernbert" ? modernBertNetwork(model.config) : bertNetwork(model.family, model.config);
}
