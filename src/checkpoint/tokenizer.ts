import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { checkShape, entriesOf, modelError, readJson } from "./json.js";
import type { JsonObject } from "./types.js";

const MODELS = ["WordPiece", "BPE", "Unigram"] as const;

/** Files that describe a tokenizer; those that are there are carried over by a save. */
const FILES = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
];

const modelSchema = z.looseObject({ model: z.looseObject({ type: z.string(), vocab: z.unknown().optional() }) });
const id = z.int().min(0);
const partsSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id, content: z.string() })).optional(),
  normalizer: z.looseObject({ normalizers: z.array(z.looseObject({})).optional() }).nullish(),
  truncation: z.looseObject({ max_length: z.int().positive() }).nullish(),
});
const pieces = z.array(z.tuple([z.string(), z.number()]));

export interface Tokenizer {
  readonly json: JsonObject;
  readonly config: JsonObject;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The limit that tokenizer.json itself sets, which only static models obey. */
  readonly truncation: number | null;
}

/** Reads the tokenizer in `folder` and checks that every id of it has a row in an embedding of `vocabSize` rows. */
export function readTokenizer(folder: string, vocabSize: number): Tokenizer {
  const file = join(folder, "tokenizer.json");
  const raw = readJson(
    file,
    "save a fast tokenizer into the folder: AutoTokenizer.from_pretrained(DIR, use_fast=True).save_pretrained(DIR)",
  );
  const { type, vocab } = checkShape(file, raw, modelSchema).model;
  if (!MODELS.some((known) => known === type))
    throw modelError(file, "unknown tokenizer model", {
      field: "model.type",
      found: type,
      expected: `one of ${MODELS.join(", ")}`,
    });
  const { added_tokens: added, truncation } = checkShape(file, raw, partsSchema);
  // Unigram lists its pieces in the order of their ids.
  const ids = Array.isArray(vocab)
    ? checkShape(file, vocab, pieces).map(([token], index): [string, number] => [token, index])
    : entriesOf(file, "model.vocab", vocab, id);
  for (const [token, number] of [...ids, ...(added ?? []).map((one): [string, number] => [one.content, one.id])])
    if (number >= vocabSize)
      throw modelError(file, "a token id has no row in the embedding", {
        field: "vocab_size",
        found: `token id ${number} of ${JSON.stringify(token)}`,
        expected: `ids below ${vocabSize}, the vocab_size of the embedding`,
        hint: "the tokenizer and the weights belong to different models",
      });
  const files = new Map<string, Uint8Array>();
  for (const name of FILES) if (existsSync(join(folder, name))) files.set(name, readFileSync(join(folder, name)));
  const configFile = join(folder, "tokenizer_config.json");
  return {
    json: raw as JsonObject,
    config: files.has("tokenizer_config.json") ? checkShape(configFile, readJson(configFile), z.looseObject({})) : {},
    files,
    truncation: truncation?.max_length ?? null,
  };
}

/** The same tokenizer with lower-casing in front, unless it does that already. */
export function withLowercase(json: JsonObject): JsonObject {
  const before = json["normalizer"] as JsonObject | null | undefined;
  const steps = (before?.["normalizers"] as readonly JsonObject[] | undefined) ?? [before ?? {}];
  const lowers = ({ type, lowercase }: JsonObject): boolean =>
    type === "Lowercase" || (type === "BertNormalizer" && lowercase === true);
  if (steps.some(lowers)) return json;
  const normalizers = [{ type: "Lowercase" }, ...steps.filter((step) => step["type"] !== undefined)];
  return { ...json, normalizer: { type: "Sequence", normalizers } };
}

/** The same tokenizer without special tokens around a text: static models have none, and other readers of the file would add them. */
export function withoutSpecialTokens(json: JsonObject): JsonObject {
  return json["post_processor"] == null ? json : { ...json, post_processor: null };
}

/** The vocab.txt that goes with a WordPiece tokenizer.json: one token a line, in the order of the ids; null where ids have gaps. */
export function vocabTxt(json: JsonObject): string | null {
  const { type, vocab } = json["model"] as { readonly type: string; readonly vocab: Readonly<Record<string, number>> };
  if (type !== "WordPiece") return null;
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(vocab)) tokens[id] = token;
  return tokens.includes(undefined as never) ? null : `${tokens.join("\n")}\n`;
}
