import { join } from "node:path";
import type { Warnings } from "../base/warnings.js";
import { bertParameters } from "../nn/bert.js";
import { headParameters } from "../nn/head.js";
import { modelError } from "./json.js";
import type { BertConfig, HeadModule, TensorPlace } from "./types.js";
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

/** BERT's names without the `bert.` of models with a head, and without the `gamma` and `beta` of the oldest files. */
export function bertName(tensor: string): string {
  return tensor
    .replace(/^bert\./, "")
    .replace(/LayerNorm\.gamma$/, "LayerNorm.weight")
    .replace(/LayerNorm\.beta$/, "LayerNorm.bias");
}

/** Checks that every parameter of a BERT is there in the shape that its config implies. */
export function checkBert(
  path: string,
  folder: string,
  config: BertConfig,
  parameters: Parameters,
  warnings: Warnings,
): void {
  const file = join(path, folder, "model.safetensors");
  let held = 0;
  for (const name of parameters.places.keys()) {
    const layer = /^encoder\.layer\.(\d+)\./.exec(name)?.[1];
    if (layer !== undefined) held = Math.max(held, Number(layer) + 1);
  }
  // Before the shapes are listed, whose number the config decides.
  if (held < config.layers)
    throw modelError(file, `the tensors of encoder.layer.${held} are missing`, {
      field: "num_hidden_layers",
      found: `${held} layers in the file`,
      expected: `${config.layers}, the num_hidden_layers of config.json`,
    });
  const shapes = bertParameters(config);
  checkShapes(file, shapes, parameters);
  for (const name of parameters.places.keys())
    if (!shapes.has(name) && !/^(pooler|cls)\./.test(name))
      warnings.add("unused-tensor", `${file}: tensor ${name} is not used; it is kept when the model is saved`);
}

export function checkDense(
  path: string,
  dense: Extract<HeadModule, { readonly type: "dense" }>,
  parameters: Parameters,
): void {
  checkShapes(join(path, dense.prefix, "model.safetensors"), new Map(headParameters([dense])), parameters);
}

function checkShapes(file: string, shapes: ReadonlyMap<string, readonly number[]>, parameters: Parameters): void {
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
