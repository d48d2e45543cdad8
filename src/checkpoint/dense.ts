import { join } from "node:path";
import { z } from "zod";
import { checkShape, modelError, readJson } from "./json.js";
import type { Activation, HeadModule } from "./types.js";

/** Last part of the torch class → activation. */
const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map([
  ["Identity", "identity"],
  ["Tanh", "tanh"],
  ["ReLU", "relu"],
  ["GELU", "gelu"],
  ["Sigmoid", "sigmoid"],
]);

/** Activation → torch class. */
export const TORCH_CLASS: Readonly<Record<Activation, string>> = {
  identity: "torch.nn.modules.linear.Identity",
  tanh: "torch.nn.modules.activation.Tanh",
  relu: "torch.nn.modules.activation.ReLU",
  gelu: "torch.nn.modules.activation.GELU",
  sigmoid: "torch.nn.modules.activation.Sigmoid",
};

const schema = z.looseObject({
  in_features: z.int().positive(),
  out_features: z.int().positive(),
  bias: z.boolean().optional(),
  activation_function: z.string().nullish(),
  module_input_name: z.literal("sentence_embedding").optional(),
  module_output_name: z.literal("sentence_embedding").nullish(),
  use_residual: z.literal(false).optional(),
});

type Dense = Extract<HeadModule, { readonly type: "dense" }>;

/** Reads the configuration of a dense layer on vectors of length `inFeatures`. */
export function readDense(path: string, folder: string, inFeatures: number): Dense {
  const file = join(path, folder, "config.json");
  const raw = checkShape(file, readJson(file, "save the model again with sentence-transformers"), schema);
  if (raw.in_features !== inFeatures)
    throw modelError(file, "the dense layer does not fit the module before it", {
      field: "in_features",
      found: String(raw.in_features),
      expected: String(inFeatures),
    });
  return {
    type: "dense",
    prefix: `${folder}/`,
    inFeatures,
    outFeatures: raw.out_features,
    bias: raw.bias ?? true,
    // As sentence-transformers: Tanh where the file says nothing, the identity for null.
    activation:
      raw.activation_function === undefined
        ? "tanh"
        : readActivation(file, "activation_function", raw.activation_function),
  };
}

export function denseJson({ inFeatures, outFeatures, bias, activation }: Dense): Record<string, unknown> {
  return {
    in_features: inFeatures,
    out_features: outFeatures,
    bias,
    activation_function: TORCH_CLASS[activation],
  };
}

/** The activation of a torch class; null is the identity. */
export function readActivation(file: string, field: string, name: string | null): Activation {
  if (name === null) return "identity";
  const known = name.startsWith("torch.nn.") ? ACTIVATIONS.get(name.slice(name.lastIndexOf(".") + 1)) : undefined;
  if (known === undefined)
    throw modelError(file, "unsupported activation", {
      field,
      found: name,
      expected: `torch.nn's ${[...ACTIVATIONS.keys()].join(", ")}`,
    });
  return known;
}
