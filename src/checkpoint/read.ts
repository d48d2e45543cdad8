import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fileFingerprint, fingerprint } from "../base/fingerprint.js";
import type { Warnings } from "../base/warnings.js";
import { readDense } from "./dense.js";
import { checkShape, modelError, readJson } from "./json.js";
import { type ModuleEntry, readModules } from "./modules.js";
import { checkDense, checkTransformer, locate, type Parameters, parameterName, withoutTied } from "./parameters.js";
import { readPooling } from "./pooling.js";
import { readLength, readSettings } from "./settings.js";
import { readTokenizer, withLowercase, withoutSpecialTokens } from "./tokenizer.js";
import { readTransformerConfig, usablePositions } from "./transformer-config.js";
import type { HeadModule, JsonObject, ModelFolder, Pooling } from "./types.js";

/**
 * Reads a model folder of sentence-transformers, transformers (a plain encoder) or nearmiss, old layouts and new, without its weights'
 * values: those are `loadWeights`. Nothing outside the folder is opened and nothing in it is run.
 *
 * Throws `bad-model`, `bad-safetensors` or `unsupported-model` (exit code 2), naming file, field, what was found and what was
 * expected. Adds the warnings `no-modules-json`, `max-length-clamped`, `ignored-setting` and `unused-tensor`.
 */
export async function readModelFolder(path: string, warnings: Warnings): Promise<ModelFolder> {
  if (!existsSync(path) || !statSync(path).isDirectory())
    throw modelError(path, "model folder not found", { hint: "name a folder that holds modules.json or config.json" });
  const settings = readSettings(path);
  const modules = readModules(path, warnings);
  const [first, ...others] = modules as [ModuleEntry, ...ModuleEntry[]];
  const token =
    first.kind === "Transformer" ? readEncoder(path, first.folder, others, warnings) : readStatic(path, first.folder);
  const { head, dimension } = readHead(path, others, token.dimension, token.parameters);
  const { parameters, ...described } = token;
  const { family, config, pooling, maxLength, tokenizerJson } = described;
  return {
    ...described,
    head,
    dimension,
    ...settings,
    path,
    places: parameters.places,
    sources: parameters.sources,
    fingerprint: await modelFingerprint(path, parameters, { family, config, pooling, head, maxLength, tokenizerJson }),
    manifest: readManifest(path),
  };
}

/** A transformer with its tokenizer. `folder` is relative to the model folder. */
export function readTransformer(path: string, folder: string, warnings: Warnings) {
  const root = join(path, folder);
  const file = join(root, "config.json");
  const rawConfig = readJson(file, "save the model again with transformers or sentence-transformers") as JsonObject;
  const model = readTransformerConfig(file, rawConfig);
  const parameters = locate(path, folder, "", (tensor) => parameterName(model.family, tensor));
  withoutTied(rawConfig, parameters);
  checkTransformer(path, folder, model, parameters, warnings);
  const tokenizer = readTokenizer(root, model.config.vocabSize);
  const { maxLength, lowercase } = readLength(root, tokenizer.config, usablePositions(model), warnings);
  return {
    ...model,
    configText: readFileSync(file, "utf8"),
    tokenFolder: folder,
    maxLength,
    lowercase,
    tokenizerJson: lowercase ? withLowercase(tokenizer.json) : tokenizer.json,
    tokenizerConfig: tokenizer.config,
    tokenizerFiles: tokenizer.files,
    parameters,
  };
}

function readEncoder(path: string, folder: string, modules: readonly ModuleEntry[], warnings: Warnings) {
  const transformer = readTransformer(path, folder, warnings);
  const { hiddenSize } = transformer.config;
  const entry = modules.find(({ kind }) => kind === "Pooling");
  const pooling: Pooling =
    entry === undefined
      ? { modes: ["mean"], includePrompt: true, dimension: hiddenSize }
      : readPooling(path, entry.folder, hiddenSize);
  return { ...transformer, pooling, dimension: pooling.dimension };
}

function readStatic(path: string, folder: string) {
  const file = join(path, folder, "model.safetensors");
  // model2vec calls the table `embeddings`.
  const parameters = locate(path, folder, "", (tensor) => (tensor === "embeddings" ? "embedding.weight" : tensor));
  const shape = parameters.shapes.get("embedding.weight");
  if (shape === undefined) throw modelError(file, "tensor embedding.weight is missing", { field: "embedding.weight" });
  for (const name of parameters.places.keys())
    if (name !== "embedding.weight")
      throw modelError(file, `tensor ${name} would change the vectors in a way that is not supported`, {
        field: name,
        expected: "embedding.weight alone",
        hint: "save the model without quantised vocabulary or token weights",
      });
  const [vocabSize, dimension] = shape;
  if (shape.length !== 2 || vocabSize === undefined || dimension === undefined || vocabSize * dimension === 0)
    throw modelError(file, "tensor embedding.weight has the wrong shape", {
      field: "embedding.weight",
      found: `[${shape.join(", ")}]`,
      expected: "[tokens, dimension]",
    });
  const tokenizer = readTokenizer(join(path, folder), vocabSize);
  return {
    family: "static" as const,
    config: { vocabSize, dimension },
    configText: null,
    tokenFolder: folder,
    pooling: null,
    maxLength: tokenizer.truncation,
    lowercase: false,
    tokenizerJson: withoutSpecialTokens(tokenizer.json),
    tokenizerConfig: tokenizer.config,
    tokenizerFiles: tokenizer.files,
    dimension,
    parameters,
  };
}

/** Dense and Normalize modules in order; adds the parameters of the dense ones. */
function readHead(path: string, modules: readonly ModuleEntry[], pooled: number, parameters: Parameters) {
  const head: HeadModule[] = [];
  let dimension = pooled;
  for (const { kind, folder } of modules) {
    if (kind === "Normalize") head.push({ type: "normalize" });
    if (kind !== "Dense") continue;
    const dense = readDense(path, folder, dimension);
    const own = locate(path, folder, dense.prefix, (tensor) => tensor);
    checkDense(path, dense, own);
    for (const [name, place] of own.places) parameters.places.set(name, place);
    for (const [name, file] of own.sources) parameters.sources.set(name, file);
    head.push(dense);
    dimension = dense.outFeatures;
  }
  return { head, dimension };
}

/** A name for all files of weights and everything else that decides a vector. */
export async function modelFingerprint(
  path: string,
  { sources }: Pick<Parameters, "sources">,
  decisive: object,
): Promise<string> {
  const files = [...new Set(sources.values())].sort();
  const hashes = await Promise.all(files.map((file) => fileFingerprint(join(path, file))));
  return fingerprint(decisive, hashes);
}

/** nearmiss.json, where there is one. */
export function readManifest(path: string): JsonObject | null {
  const manifest = join(path, "nearmiss.json");
  return existsSync(manifest) ? checkShape(manifest, readJson(manifest), z.looseObject({})) : null;
}
