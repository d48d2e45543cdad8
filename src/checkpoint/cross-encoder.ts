import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { inputError } from "../base/errors.js";
import { version } from "../base/version.js";
import type { Warnings } from "../base/warnings.js";
import { type ClassifierConfig, classifierTop, lastLayer } from "../nn/classifier.js";
import type { Activation } from "../nn/encoder.js";
import { readActivation, TORCH_CLASS } from "./dense.js";
import { networkOf } from "./encoder.js";
import { checkShape, jsonText, modelError, readJson } from "./json.js";
import { listModules } from "./modules.js";
import { checkShapes, type Parameters } from "./parameters.js";
import { modelFingerprint, readManifest, readTransformer } from "./read.js";
import type {
  CrossEncoderDescription,
  CrossEncoderFolder,
  FloatTensor,
  JsonObject,
  TransformerConfig,
} from "./types.js";
import { tokenFiles, writeFolder } from "./write.js";

const SETTINGS = "config_sentence_transformers.json";

/**
 * Reads a cross-encoder: a transformer with a head for sequence classification, in sentence-transformers' layout of any version or as
 * transformers saved it. Throws as `readModelFolder` does.
 */
export async function readCrossEncoder(path: string, warnings: Warnings): Promise<CrossEncoderFolder> {
  if (!existsSync(path)) throw modelError(path, "model folder not found");
  const { parameters, ...transformer } = readTransformer(path, transformerFolder(path), warnings);
  const file = join(path, transformer.tokenFolder, "config.json");
  const classifier = readClassifier(path, file, transformer, parameters);
  const activation = activationOf(path, file, classifier.labels);
  const { family, config, maxLength, tokenizerJson } = transformer;
  const decisive = { family, config, classifier, activation, maxLength, tokenizerJson };
  return {
    ...transformer,
    classifier,
    activation,
    path,
    places: parameters.places,
    sources: parameters.sources,
    fingerprint: await modelFingerprint(path, parameters, decisive),
    manifest: readManifest(path),
  };
}

/** Whether a folder says that it holds a cross-encoder; one that transformers saved says it by its architecture. */
export function isCrossEncoder(path: string): boolean {
  const text = (name: string): JsonObject =>
    existsSync(join(path, name)) ? checkShape(join(path, name), readJson(join(path, name)), z.looseObject({})) : {};
  const kind = text(SETTINGS)["model_type"];
  if (kind !== undefined) return kind === "CrossEncoder";
  return (
    !existsSync(join(path, "modules.json")) &&
    /ForSequenceClassification"/.test(JSON.stringify(text("config.json")["architectures"] ?? []))
  );
}

/** Where the transformer lies: the folder itself where nothing names another. */
function transformerFolder(path: string): string {
  const modules = listModules(path);
  if (modules === null) return "";
  const [first] = modules;
  if (modules.length === 1 && first?.kind === "Transformer") return first.folder;
  throw inputError("unsupported-model", "this is no cross-encoder", {
    file: join(path, "modules.json"),
    found: modules.map(({ kind }) => kind).join(" "),
    expected: "a Transformer alone",
    hint: "a model with Pooling embeds texts one by one: open it as an embedding model",
  });
}

const classifierSchema = z.looseObject({
  classifier_pooling: z.enum(["cls", "mean"]).default("cls"),
  classifier_bias: z.boolean().default(false),
  norm_bias: z.boolean().default(false),
});

function readClassifier(
  path: string,
  file: string,
  model: TransformerConfig & { readonly tokenFolder: string },
  parameters: Parameters,
): ClassifierConfig {
  const raw = checkShape(file, readJson(file), classifierSchema);
  const modern = model.family === "modernbert";
  const last = `${lastLayer(model.family)}.weight`;
  const weights = join(path, model.tokenFolder, "model.safetensors");
  const labels = parameters.shapes.get(last)?.[0];
  if (labels === undefined)
    throw modelError(weights, `tensor ${last} is missing: this is no cross-encoder`, {
      field: last,
      hint: "name a model with a head for sequence classification",
    });
  const classifier = {
    labels,
    pooling: modern ? raw.classifier_pooling : ("cls" as const),
    bias: modern ? raw.classifier_bias : true,
    normBias: modern ? raw.norm_bias : true,
    layerNormEpsilon: model.config.layerNormEpsilon,
  };
  checkShapes(weights, classifierTop(networkOf(model), classifier).parameters, parameters);
  return classifier;
}

const settingsSchema = z.looseObject({
  model_type: z.literal("CrossEncoder").optional(),
  activation_fn: z.string().nullish(),
});
const configSchema = z.looseObject({
  sentence_transformers: z.looseObject({ activation_fn: z.string().nullish() }).nullish(),
  sbert_ce_default_activation_function: z.string().nullish(),
});

/** What the files of any version say; else the sigmoid for one label, and nothing for several. */
function activationOf(path: string, configFile: string, labels: number): Activation {
  const file = join(path, SETTINGS);
  const settings = checkShape(file, existsSync(file) ? readJson(file) : {}, settingsSchema);
  const config = checkShape(configFile, readJson(configFile), configSchema);
  const named: [string, string, string | null | undefined][] = [
    [file, "activation_fn", settings.activation_fn],
    [configFile, "sentence_transformers.activation_fn", config.sentence_transformers?.activation_fn],
    [configFile, "sbert_ce_default_activation_function", config.sbert_ce_default_activation_function],
  ];
  for (const [where, field, name] of named) if (name != null) return readActivation(where, field, name);
  return labels === 1 ? "sigmoid" : "identity";
}

export interface WriteCrossEncoderOptions {
  readonly model: CrossEncoderDescription;
  readonly tensors: ReadonlyMap<string, FloatTensor> | string;
  readonly manifest?: JsonObject;
  readonly readme?: string;
}

/** Writes a folder that sentence-transformers' CrossEncoder, transformers and nearmiss open; whole or not at all, as `writeModelFolder`. */
export async function writeCrossEncoder(target: string, options: WriteCrossEncoderOptions): Promise<void> {
  const { model, readme } = options;
  const files = tokenFiles(model);
  files.set(
    join(model.tokenFolder, "sentence_bert_config.json"),
    jsonText({
      transformer_task: "sequence-classification",
      modality_config: { text: { method: "forward", method_output_name: "logits" } },
      module_output_name: "scores",
      ...(model.lowercase ? { do_lower_case: true } : {}),
    }),
  );
  const type = "sentence_transformers.base.modules.transformer.Transformer";
  files.set("modules.json", jsonText([{ idx: 0, name: "0", path: model.tokenFolder, type }]));
  files.set(
    SETTINGS,
    jsonText({
      __version__: { nearmiss: version() },
      activation_fn: TORCH_CLASS[model.activation],
      default_prompt_name: null,
      model_type: "CrossEncoder",
      prompts: {},
    }),
  );
  await writeFolder(target, { ...options, files, readme: readme ?? shortCard(model) });
}

function shortCard({ family, classifier, maxLength }: CrossEncoderDescription): string {
  return `---
library_name: sentence-transformers
pipeline_tag: text-ranking
tags:
- sentence-transformers
- cross-encoder
- reranker
- nearmiss
---

# A cross-encoder

Made with nearmiss. It reads two texts together, up to ${maxLength ?? "any number of"} tokens, and gives ${classifier.labels === 1 ? "a score" : `${classifier.labels} scores`}.
Architecture: ${family}. Where its weights come from is in \`nearmiss.json\`.
`;
}
