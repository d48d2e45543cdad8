import { join } from "node:path";
import { writeFileAtomic } from "../base/files.js";
import { fileFingerprint } from "../base/fingerprint.js";
import { toFloat32 } from "../base/float16.js";
import { type NamedTensor, readSafetensors, writeSafetensors } from "../base/safetensors.js";
import { version } from "../base/version.js";
import { denseJson } from "./dense.js";
import { jsonText, modelError } from "./json.js";
import { poolingJson } from "./pooling.js";
import { vocabTxt } from "./tokenizer.js";
import { type TokenModel, transformersJsFiles } from "./transformers-js.js";
import type { FloatTensor, JsonObject, ModelDescription } from "./types.js";
import { writeWholeFolder } from "./whole-folder.js";

export interface WriteModelOptions {
  readonly model: ModelDescription;
  /** Values by parameter name, or a safetensors file that holds them under those names. */
  readonly tensors: ReadonlyMap<string, FloatTensor> | string;
  /** What nearmiss.json says beside version and fingerprints: parent, starting weights, how it was trained. */
  readonly manifest?: JsonObject;
  /** The model card; without it a short one. */
  readonly readme?: string;
}

/**
 * Writes a model folder that sentence-transformers (from version 2), transformers and nearmiss open. Everything is written beside
 * `target` and renamed: a reader sees a whole model or none. A folder that stands there is replaced; asking first is the caller's.
 * Equal models give equal bytes. Weights are float32, under the names of the file the model came from.
 */
export async function writeModelFolder(target: string, options: WriteModelOptions): Promise<void> {
  const { model, readme } = options;
  await writeFolder(target, { ...options, files: textFiles(model), readme: readme ?? shortCard(model) });
}

export interface FolderContent extends Omit<WriteModelOptions, "model" | "readme"> {
  readonly model: Pick<ModelDescription, "places">;
  /** Every file but weights, card and manifest. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  readonly readme: string;
}

/** Writes a folder of any kind of model: beside `target`, then renamed. */
export async function writeFolder(target: string, content: FolderContent): Promise<void> {
  await writeWholeFolder(target, (path) => fill(path, content));
}

async function fill(path: string, { model, tensors, manifest, files, readme }: FolderContent): Promise<void> {
  const weights: Record<string, string> = {};
  for (const [folder, held] of byFolder(model, values(tensors))) {
    const file = folder === "" ? "model.safetensors" : `${folder}/model.safetensors`;
    writeSafetensors(join(path, file), held);
    weights[file] = await fileFingerprint(join(path, file));
  }
  for (const [name, content] of files) writeFileAtomic(join(path, name), content);
  writeFileAtomic(join(path, "README.md"), readme);
  writeFileAtomic(join(path, "nearmiss.json"), jsonText({ ...manifest, format: 1, version: version(), weights }));
}

function values(tensors: WriteModelOptions["tensors"]): ReadonlyMap<string, FloatTensor> {
  if (typeof tensors !== "string") return tensors;
  const read = new Map<string, FloatTensor>();
  for (const [name, raw] of readSafetensors(tensors)) {
    const data = toFloat32(raw);
    if (data === null)
      throw modelError(tensors, `tensor ${name} is not floating-point`, { field: name, found: raw.dtype });
    read.set(name, { dtype: "float32", shape: raw.shape, data });
  }
  return read;
}

/** The tensors of each weight file under the names they have there. */
function byFolder(
  { places }: Pick<ModelDescription, "places">,
  tensors: ReadonlyMap<string, FloatTensor>,
): Map<string, NamedTensor[]> {
  const folders = new Map<string, NamedTensor[]>();
  for (const [name, { folder, tensor }] of places) {
    const held = tensors.get(name);
    if (held === undefined) throw new RangeError(`the model has no values for ${name}`);
    const list = folders.get(folder) ?? [];
    list.push({ name: tensor, dtype: "F32", shape: held.shape, data: held.data });
    folders.set(folder, list);
  }
  for (const name of tensors.keys()) if (!places.has(name)) throw new RangeError(`the model has no place for ${name}`);
  return folders;
}

/** The files of configuration and tokenizer of a model's token encoder. */
export function tokenFiles(model: TokenModel): Map<string, string | Uint8Array> {
  const files = new Map<string, string | Uint8Array>();
  const inside = (name: string): string => join(model.tokenFolder, name);
  for (const [name, content] of model.tokenizerFiles) files.set(inside(name), content);
  for (const folder of new Set(["", model.tokenFolder]))
    for (const [name, content] of transformersJsFiles(model)) files.set(join(folder, name), content);
  const vocabulary = model.family === "static" ? null : vocabTxt(model.tokenizerJson);
  if (vocabulary !== null && !files.has(inside("vocab.txt"))) files.set(inside("vocab.txt"), vocabulary);
  return files;
}

/** Every file of the folder but weights, card and manifest. */
function textFiles(model: ModelDescription): Map<string, string | Uint8Array> {
  const files = tokenFiles(model);
  if (model.family !== "static")
    files.set(
      join(model.tokenFolder, "sentence_bert_config.json"),
      jsonText({ max_seq_length: model.maxLength, do_lower_case: model.lowercase }),
    );
  const modules = [{ path: model.tokenFolder, type: model.family !== "static" ? "Transformer" : "StaticEmbedding" }];
  if (model.pooling !== null) {
    files.set("1_Pooling/config.json", jsonText(poolingJson(model.pooling)));
    modules.push({ path: "1_Pooling", type: "Pooling" });
  }
  for (const module of model.head)
    if (module.type === "dense") {
      files.set(join(module.prefix, "config.json"), jsonText(denseJson(module)));
      modules.push({ path: module.prefix.slice(0, -1), type: "Dense" });
    } else modules.push({ path: `${modules.length}_Normalize`, type: "Normalize" });
  files.set(
    "modules.json",
    jsonText(
      modules.map(({ path, type }, idx) => ({
        idx,
        name: `${idx}`,
        path,
        type: `sentence_transformers.models.${type}`,
      })),
    ),
  );
  files.set(
    "config_sentence_transformers.json",
    jsonText({
      model_type: "SentenceTransformer",
      __version__: { nearmiss: version() },
      prompts: Object.fromEntries(model.prompts),
      default_prompt_name: model.defaultPromptName,
      similarity_fn_name: model.similarity,
    }),
  );
  return files;
}

function shortCard({ family, dimension, maxLength, similarity }: ModelDescription): string {
  const length = maxLength === null ? "any length" : `up to ${maxLength} tokens`;
  return `---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
tags:
- sentence-transformers
- sentence-similarity
- feature-extraction
- nearmiss
---

# A text embedding model

Made with nearmiss. It maps a text of ${length} to ${dimension} numbers, to be compared by ${similarity === "dot" ? "dot product" : "cosine"}.
Architecture: ${family}. Where its weights come from is in \`nearmiss.json\`.
`;
}
