import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { toFloat32 } from "../base/float16.js";
import { readSafetensors, readSafetensorsHeader, type SafetensorsEntry } from "../base/safetensors.js";
import { insideFolder } from "./inside.js";
import { checkShape, entriesOf, modelError, readJson } from "./json.js";
import type { FloatTensor, InFolder, Tokens } from "./types.js";

/** What the header of a weight file says of one tensor. `file` is relative to the model folder. */
export interface FoundTensor {
  readonly file: string;
  readonly entry: SafetensorsEntry;
}

const FLOATS = new Set(["F32", "F64", "F16", "BF16"]);
const indexSchema = z.looseObject({ weight_map: z.unknown().optional() });

/** The floating-point tensors of a module's weights, whole or sharded, by the name in the file. Only headers are read. */
export function findTensors(path: string, folder: string): Map<string, FoundTensor> {
  const inside = (name: string): string => (folder === "" ? name : `${folder}/${name}`);
  const found = new Map<string, FoundTensor>();
  const take = (file: string, wanted?: ReadonlySet<string>): void => {
    const { tensors } = readSafetensorsHeader(join(path, file));
    for (const name of wanted ?? [])
      if (!tensors.has(name)) throw modelError(join(path, file), `tensor ${name} is missing`, { field: name });
    // Integer buffers such as position_ids are no parameters.
    for (const [name, entry] of tensors)
      if ((wanted === undefined || wanted.has(name)) && FLOATS.has(entry.dtype)) found.set(name, { file, entry });
  };
  if (existsSync(join(path, inside("model.safetensors")))) {
    take(inside("model.safetensors"));
    return found;
  }
  const index = join(path, inside("model.safetensors.index.json"));
  if (!existsSync(index)) throw noWeights(path, inside);
  const shards = new Map<string, Set<string>>();
  const map = checkShape(index, readJson(index), indexSchema).weight_map;
  for (const [name, named] of entriesOf(index, "weight_map", map, z.string())) {
    const shard = inside(insideFolder(named, index, `weight_map.${name}`));
    shards.set(shard, (shards.get(shard) ?? new Set()).add(name));
  }
  for (const [shard, names] of shards) {
    if (!existsSync(join(path, shard)))
      throw modelError(join(path, shard), "file not found, although model.safetensors.index.json names it", {
        hint: "download the missing part of the weights",
      });
    take(shard, names);
  }
  return found;
}

function noWeights(path: string, inside: (name: string) => string) {
  const pickle = join(path, inside("pytorch_model.bin"));
  if (existsSync(pickle))
    return modelError(
      pickle,
      "the weights are a pickle file, which can run any code when it is opened; it was not read",
      {
        expected: "model.safetensors",
        hint: "convert it to safetensors (AutoModel.from_pretrained(DIR).save_pretrained(DIR), where you trust it)",
      },
    );
  return modelError(join(path, inside("model.safetensors")), "file not found", { hint: "download the weights" });
}

/**
 * The values of every floating-point tensor as float32, by parameter name (`places` of the folder).
 * Throws `bad-model` where a value is not finite or the file changed since the folder was read.
 */
export function loadWeights(
  model: Pick<Tokens, "places"> & Pick<InFolder, "path" | "sources">,
): Map<string, FloatTensor> {
  const files = new Map<string, Map<string, string>>();
  for (const [parameter, { tensor }] of model.places) {
    const file = model.sources.get(parameter) as string;
    files.set(file, (files.get(file) ?? new Map<string, string>()).set(tensor, parameter));
  }
  const weights = new Map<string, FloatTensor>();
  for (const [file, parameters] of files) {
    const path = join(model.path, file);
    for (const [name, raw] of readSafetensors(path, parameters.keys())) {
      const data = toFloat32(raw);
      if (data === null)
        throw modelError(path, `tensor ${name} is not floating-point`, { field: name, found: raw.dtype });
      checkFinite(path, name, data);
      weights.set(parameters.get(name) as string, { dtype: "float32", shape: raw.shape, data });
    }
  }
  return weights;
}

function checkFinite(path: string, name: string, data: Float32Array): void {
  const first = data.findIndex((value) => !Number.isFinite(value));
  if (first === -1) return;
  const count = data.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
  throw modelError(path, `tensor ${name} holds values that are not finite (NaN or infinity)`, {
    field: name,
    found: `${count} of ${data.length} values, the first at position ${first}`,
    hint: "the training that made this model diverged, or the file is damaged",
  });
}
