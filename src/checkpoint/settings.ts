import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { inputError } from "../base/errors.js";
import type { Similarity } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { checkShape, entriesOf, modelError, readJson } from "./json.js";
import type { JsonObject } from "./types.js";

/** What config_sentence_transformers.json says of the whole model. */
export interface Settings {
  readonly prompts: ReadonlyMap<string, string>;
  readonly defaultPromptName: string | null;
  readonly similarity: Similarity;
}

const settingsSchema = z.looseObject({
  model_type: z.string().optional(),
  prompts: z.unknown().optional(),
  default_prompt_name: z.string().nullish(),
  similarity_fn_name: z.enum(["cosine", "dot"]).nullish(),
});

/** Reads prompts and similarity; a folder without the file has no prompts and compares by cosine, as sentence-transformers does. */
export function readSettings(path: string): Settings {
  const file = join(path, "config_sentence_transformers.json");
  const raw = checkShape(file, existsSync(file) ? readJson(file) : {}, settingsSchema);
  if (raw.model_type !== undefined && raw.model_type !== "SentenceTransformer")
    throw inputError("unsupported-model", "this kind of model is not supported", {
      file,
      field: "model_type",
      found: raw.model_type,
      expected: "SentenceTransformer",
      ...(raw.model_type === "CrossEncoder"
        ? { hint: "a cross-encoder scores pairs of texts: give it to eval --rerank, or to loadCrossEncoder" }
        : {}),
    });
  const prompts = new Map(entriesOf(file, "prompts", raw.prompts ?? {}, z.string()));
  const defaultPromptName = raw.default_prompt_name ?? null;
  if (defaultPromptName !== null && !prompts.has(defaultPromptName))
    throw modelError(file, "the default prompt does not exist", {
      field: "default_prompt_name",
      found: defaultPromptName,
      expected: `one of ${[...prompts.keys()].join(", ") || "no prompts"}`,
    });
  return { prompts, defaultPromptName, similarity: raw.similarity_fn_name ?? "cosine" };
}

const transformerSchema = z.looseObject({
  max_seq_length: z.int().positive().nullish(),
  do_lower_case: z.boolean().nullish(),
  processing_kwargs: z.unknown().optional(),
});
const tokenizerSchema = z.looseObject({ model_max_length: z.number().min(1).nullish() });

/** Above this a model_max_length means "no limit" (transformers writes 1e30). */
const NO_LIMIT = 1e9;

/**
 * The most tokens of a text: `max_seq_length` of sentence_bert_config.json, else `model_max_length` of tokenizer_config.json, never more
 * than there are positions (more is a warning, since neither file may be read past the table).
 */
export function readLength(
  folder: string,
  tokenizerConfig: JsonObject,
  maxPositions: number,
  warnings: Warnings,
): { readonly maxLength: number; readonly lowercase: boolean } {
  const file = join(folder, "sentence_bert_config.json");
  const raw = checkShape(file, existsSync(file) ? readJson(file) : {}, transformerSchema);
  const lowercase = raw.do_lower_case ?? false;
  if (raw.processing_kwargs !== undefined)
    warnings.add("ignored-setting", `${file}: processing_kwargs is not understood and was ignored`);
  const tokenizer = checkShape(join(folder, "tokenizer_config.json"), tokenizerConfig, tokenizerSchema);
  const stated = raw.max_seq_length ?? tokenizer.model_max_length ?? NO_LIMIT;
  if (stated <= maxPositions) return { maxLength: Math.floor(stated), lowercase };
  if (stated < NO_LIMIT) {
    const key = raw.max_seq_length == null ? "model_max_length" : "max_seq_length";
    warnings.add(
      "max-length-clamped",
      `${folder}: ${key} ${stated} is more than the tokens that max_position_embeddings leaves room for; texts are cut to ${maxPositions} tokens`,
    );
  }
  return { maxLength: maxPositions, lowercase };
}
