import { z } from "zod";
import { inputError } from "../base/errors.js";

const modelTypes = ["WordPiece", "BPE", "Unigram"] as const;

const tokenizerSchema = z.looseObject({
  model: z.looseObject({ type: z.enum(modelTypes), unk_token: z.string().nullish() }),
  added_tokens: z.array(z.looseObject({ id: z.int().min(0), content: z.string().min(1) })).default([]),
  normalizer: z.looseObject({ type: z.string() }).nullable().default(null),
  pre_tokenizer: z.looseObject({ type: z.string() }).nullable().default(null),
  post_processor: z.looseObject({ type: z.string() }).nullable().default(null),
  decoder: z.looseObject({ type: z.string() }).nullable().default(null),
});

/** What `tokenizer.json` has to hold, once checked. */
export type TokenizerFile = z.infer<typeof tokenizerSchema>;

const configSchema = z.looseObject({
  pad_token: z.union([z.string(), z.looseObject({ content: z.string() })]).nullish(),
  truncation_side: z.enum(["left", "right"]).nullish(),
});

/** What `tokenizer_config.json` may say that matters here. */
export type TokenizerConfig = z.infer<typeof configSchema>;

/** @throws inputError `bad-tokenizer` naming the field. */
export function checkTokenizer(value: unknown, file: string): TokenizerFile {
  return checked(tokenizerSchema, value, file);
}

/** @throws inputError `bad-tokenizer` naming the field. */
export function checkConfig(value: unknown, file: string): TokenizerConfig {
  return checked(configSchema, value, file);
}

function checked<T extends z.ZodType>(schema: T, value: unknown, file: string): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join(".") ?? "";
  const found = issue?.path.reduce<unknown>(
    (at, key) => (at !== null && typeof at === "object" ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
  throw inputError("bad-tokenizer", `not a tokenizer that nearmiss reads: ${issue?.message ?? ""}`, {
    file,
    ...(field === "" ? {} : { field }),
    found: (JSON.stringify(found) ?? "nothing").slice(0, 80),
    ...(field === "model.type" ? { expected: modelTypes.join(", ") } : {}),
  });
}
