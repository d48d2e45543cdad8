import { maskedLmNames } from "../nn/masked-lm.js";
import { denseShapes, normShapes } from "../nn/network.js";
import { networkOf } from "./encoder.js";
import { constant, normal, withArchitecture } from "./fresh.js";
import { editJsonText } from "./json.js";
import { PREFIXES } from "./parameters.js";
import type { FloatTensor, JsonObject, TensorPlace, TransformerDescription } from "./types.js";

/**
 * An encoder with a head for masked language modelling that has learnt nothing: matrices normal with deviation 0.02, biases 0, norms 1 and 0; its last product is with
 * the word table. `model` has no such head yet.
 */
export function freshMaskedLm(options: {
  readonly model: TransformerDescription;
  readonly tensors: ReadonlyMap<string, FloatTensor>;
  readonly seed: number;
}): { readonly model: TransformerDescription; readonly tensors: ReadonlyMap<string, FloatTensor> } {
  const { model, seed } = options;
  const network = networkOf(model);
  const names = maskedLmNames[model.family];
  const [vocabulary, width] = network.parameters.get(network.words) as readonly [number, number];
  const text = model.configText ?? "{}";
  // ModernBERT's head has biases where its configuration says so.
  const modern = model.family === "modernbert";
  const denseBias = !modern || (JSON.parse(text) as JsonObject)["classifier_bias"] === true;
  const head = new Map<string, readonly number[]>([
    ...denseShapes(names.dense, width, network.hiddenSize, denseBias),
    ...normShapes(names.norm, width, modern ? model.config.normBias : true),
    [names.outputBias, [vocabulary]],
  ]);
  const tensors = new Map(options.tensors);
  for (const [name, shape] of head) {
    if (name.endsWith("bias")) tensors.set(name, constant(shape, 0));
    else tensors.set(name, shape.length === 1 ? constant(shape, 1) : normal(name, shape, 0.02, seed));
  }
  // Beside a head the encoder's names carry its prefix.
  const prefix = PREFIXES[model.family];
  const places = new Map<string, TensorPlace>(
    Array.from(model.places, ([name, { folder, tensor }]) => {
      const bare = network.parameters.has(name) && !tensor.startsWith(prefix);
      return [name, { folder, tensor: bare ? `${prefix}${tensor}` : tensor }];
    }),
  );
  for (const name of head.keys()) places.set(name, { folder: model.tokenFolder, tensor: name });
  return {
    model: { ...model, places, configText: editJsonText(text, withArchitecture(text, "ForMaskedLM")) },
    tensors,
  };
}
