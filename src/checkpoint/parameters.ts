import { join } from "node:path";
import type { Warnings } from "../base/warnings.js";
import { bertNames } from "../nn/bert-names.js";
import { headParameters } from "../nn/head.js";
import type { TransformerFamily } from "../nn/network.js";
import { networkOf } from "./encoder.js";
import { modelError } from "./json.js";
import type { HeadModule, JsonObject, TensorPlace, TransformerConfig } from "./types.js";
import { type FoundTensor, findTensors } from "./weights.js";

/** Where the parameters of a model lie, for saving (`places`) and for reading (`sources`). */
export interface Parameters {
  readonly places: Map<string, TensorPlace>;
  readonly sources: Map<string, string>;
  /** Shapes by parameter name. */
  readonly shapes: Map<string, readonly number[]>;
}

/** The tensors of a module's folder under their parameter names: `rename` gives the name without the module's prefix. */
export function locate(path: string, folder: string, prefix: string, rename: (tensor: string) => string): Parameters {
  const result: Parameters = { places: new Map(), sources: new Map(), shapes: new Map() };
  for (const [tensor, { file, entry }] of findTensors(path, folder) as Map<string, FoundTensor>) {
    const name = `${prefix}${rename(tensor)}`;
    const before = result.places.get(name);
    if (before !== undefined)
      throw modelError(join(path, file), `tensors ${before.tensor} and ${tensor} are the same parameter`, {
        field: tensor,
      });
    result.places.set(name, { folder, tensor });
    result.sources.set(name, file);
    result.shapes.set(name, entry.shape);
  }
  return result;
}

/** What stands before an encoder's names in files of models with a head. */
export const PREFIXES: Readonly<Record<TransformerFamily, string>> = {
  bert: "bert.",
  roberta: "roberta.",
  mpnet: "mpnet.",
  distilbert: "distilbert.",
  electra: "electra.",
  modernbert: "model.",
};

/** A transformer's names without the prefix of models with a head, and without the `gamma` and `beta` of the oldest files. */
export function parameterName(family: TransformerFamily, tensor: string): string {
  const prefix = PREFIXES[family];
  return (tensor.startsWith(prefix) ? tensor.slice(prefix.length) : tensor)
    .replace(/LayerNorm\.gamma$/, "LayerNorm.weight")
    .replace(/LayerNorm\.beta$/, "LayerNorm.bias");
}

/** Heads of pre-training and classification, and what tops them: kept as they are. */
const HEADS =
  /^(pooler|cls|lm_head|classifier|pre_classifier|vocab_transform|vocab_layer_norm|vocab_projector|generator_predictions|generator_lm_head|discriminator_predictions|head|decoder)\./;

/** Copies of the word table and of a bias beside it that some files hold; whoever opens the model makes them anew. */
const TIED =
  /^(cls\.predictions\.decoder\.(weight|bias)|lm_head\.decoder\.(weight|bias)|vocab_projector\.weight|generator_lm_head\.weight|decoder\.weight)$/;

/** Leaves out what is tied to another parameter, so that training cannot part them. */
export function withoutTied(rawConfig: JsonObject, { places, sources, shapes }: Parameters): void {
  if (rawConfig["tie_word_embeddings"] === false) return;
  for (const name of [...places.keys()])
    if (TIED.test(name)) for (const map of [places, sources, shapes]) map.delete(name);
}

/** Checks that every parameter of a transformer is there in the shape that its config implies. */
export function checkTransformer(
  path: string,
  folder: string,
  model: TransformerConfig,
  parameters: Parameters,
  warnings: Warnings,
): void {
  const file = join(path, folder, "model.safetensors");
  const layers = model.family === "modernbert" ? "layers" : bertNames(model.family).layers;
  let held = 0;
  for (const name of parameters.places.keys())
    if (name.startsWith(`${layers}.`)) held = Math.max(held, Number.parseInt(name.slice(layers.length + 1), 10) + 1);
  // Before the shapes are listed, whose number the config decides.
  if (held < model.config.layers)
    throw modelError(file, `the tensors of ${layers}.${held} are missing`, {
      field: "num_hidden_layers",
      found: `${held} layers in the file`,
      expected: `${model.config.layers}, the num_hidden_layers of config.json`,
    });
  const shapes = networkOf(model).parameters;
  checkShapes(file, shapes, parameters);
  for (const name of parameters.places.keys())
    if (!shapes.has(name) && !HEADS.test(name))
      warnings.add("unused-tensor", `${file}: tensor ${name} is not used; it is kept when the model is saved`);
}

export function checkDense(
  path: string,
  dense: Extract<HeadModule, { readonly type: "dense" }>,
  parameters: Parameters,
): void {
  checkShapes(join(path, dense.prefix, "model.safetensors"), new Map(headParameters([dense])), parameters);
}

/** Checks that tensors are there in these shapes. */
export function checkShapes(
  file: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  parameters: Parameters,
): void {
  for (const [name, shape] of shapes) {
    const found = parameters.shapes.get(name);
    if (found === undefined) throw modelError(file, `tensor ${name} is missing`, { field: name });
    if (found.join() !== shape.join())
      throw modelError(file, `tensor ${parameters.places.get(name)?.tensor} has the wrong shape`, {
        field: name,
        found: `[${found.join(", ")}]`,
        expected: `[${shape.join(", ")}], which the configuration implies`,
      });
  }
}
