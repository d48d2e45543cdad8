import { classifierTop } from "../nn/classifier.js";
import { networkOf } from "./encoder.js";
import { constant, normal, positive, withArchitecture } from "./fresh.js";
import { editJsonText } from "./json.js";
import { PREFIXES } from "./parameters.js";
import type {
  CrossEncoderDescription,
  FloatTensor,
  TensorPlace,
  TransformerConfig,
  TransformerDescription,
} from "./types.js";

export interface FreshCrossEncoderOptions {
  /** An encoder and its tensors; what is there of the head (BERT's pooler) is kept. */
  readonly model: TransformerDescription;
  readonly tensors: ReadonlyMap<string, FloatTensor>;
  /** Scores of a pair. Default 1: how relevant the second text is to the first. */
  readonly labels?: number;
  readonly seed: number;
}

/**
 * A cross-encoder that begins with an encoder's weights and a head that has learnt nothing: matrices normal with deviation 0.02, biases 0, norms 1
 * and 0, as transformers has it. Throws `bad-model-size` for a number of labels that is none.
 */
export function freshCrossEncoder(options: FreshCrossEncoderOptions): {
  readonly model: CrossEncoderDescription;
  readonly tensors: ReadonlyMap<string, FloatTensor>;
} {
  const { model, labels = 1, seed } = options;
  positive({ labels });
  const modern = model.family === "modernbert";
  const { maxLength, lowercase, tokenizerJson, tokenizerConfig, tokenizerFiles, configText, tokenFolder } = model;
  const classifier = {
    labels,
    pooling: "cls",
    bias: !modern,
    normBias: modern ? model.config.normBias : true,
    layerNormEpsilon: model.config.layerNormEpsilon,
  } as const;
  const network = networkOf(model);
  const head = classifierTop(network, classifier).parameters;
  const tensors = new Map<string, FloatTensor>();
  const places = new Map<string, TensorPlace>();
  for (const name of network.parameters.keys()) tensors.set(name, options.tensors.get(name) as FloatTensor);
  for (const [name, shape] of head) {
    const before = options.tensors.get(name);
    if (before?.shape.join() === shape.join()) tensors.set(name, before);
    else if (name.endsWith(".bias")) tensors.set(name, constant(shape, 0));
    else if (shape.length === 1) tensors.set(name, constant(shape, 1));
    else tensors.set(name, normal(name, shape, 0.02, seed));
  }
  // Unlike in the file of a bare encoder, its names carry its prefix where a head stands beside it.
  const bare = (name: string) => head.has(name) && !name.startsWith("pooler.");
  for (const name of tensors.keys())
    places.set(name, { folder: tokenFolder, tensor: bare(name) ? name : `${PREFIXES[model.family]}${name}` });
  return {
    model: {
      ...transformerOf(model),
      ...{ maxLength, lowercase, tokenizerJson, tokenizerConfig, tokenizerFiles, tokenFolder, places, classifier },
      configText: configOf(configText ?? "{}", labels, modern),
      activation: labels === 1 ? "sigmoid" : "identity",
    },
    tensors,
  };
}

/** The encoder's config.json as that of a classifier. */
function configOf(text: string, labels: number, modern: boolean): string {
  const names = Array.from({ length: labels }, (_, i) => `LABEL_${i}`);
  return editJsonText(text, {
    ...withArchitecture(text, "ForSequenceClassification"),
    id2label: Object.fromEntries(names.map((label, i) => [i, label])),
    label2id: Object.fromEntries(names.map((label, i) => [label, i])),
    ...(modern ? { classifier_pooling: "cls", classifier_bias: false, classifier_activation: "gelu" } : {}),
  });
}

function transformerOf(model: TransformerDescription): TransformerConfig {
  return model.family === "modernbert"
    ? { family: model.family, config: model.config }
    : { family: model.family, config: model.config };
}
