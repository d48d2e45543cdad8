import { join } from "node:path";
import { z } from "zod";
import { checkShape, modelError, readJson } from "./json.js";
import type { Pooling, PoolingMode } from "./types.js";

/** The booleans of older files, in the order in which their results are concatenated. */
const BOOLEANS: readonly (readonly [string, PoolingMode])[] = [
  ["pooling_mode_cls_token", "cls"],
  ["pooling_mode_max_tokens", "max"],
  ["pooling_mode_mean_tokens", "mean"],
  ["pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"],
  ["pooling_mode_weightedmean_tokens", "weightedmean"],
  ["pooling_mode_lasttoken", "lasttoken"],
];

const schema = z.looseObject({
  embedding_dimension: z.int().positive().optional(),
  word_embedding_dimension: z.int().positive().optional(),
  pooling_mode: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  include_prompt: z.boolean().optional(),
});

/** Reads a pooling configuration, old or new, for token vectors of `hiddenSize`. */
export function readPooling(path: string, folder: string, hiddenSize: number): Pooling {
  const file = join(path, folder, "config.json");
  const raw = checkShape(file, readJson(file, "save the model again with sentence-transformers"), schema);
  const key = raw.embedding_dimension === undefined ? "word_embedding_dimension" : "embedding_dimension";
  const dimension = raw[key];
  if (dimension !== undefined && dimension !== hiddenSize)
    throw modelError(file, "the pooling does not fit the transformer", {
      field: key,
      found: String(dimension),
      expected: `${hiddenSize}, the transformer's hidden_size`,
    });
  const modes = raw.pooling_mode === undefined ? fromBooleans(file, raw) : [raw.pooling_mode].flat();
  const known = modes.map((mode) => {
    const found = BOOLEANS.find(([, name]) => name === mode)?.[1];
    if (found === undefined)
      throw modelError(file, "unknown pooling mode", {
        field: "pooling_mode",
        found: mode,
        expected: `one of ${BOOLEANS.map(([, name]) => name).join(", ")}`,
      });
    return found;
  });
  return { modes: known, includePrompt: raw.include_prompt ?? true, dimension: hiddenSize * known.length };
}

function fromBooleans(file: string, raw: Readonly<Record<string, unknown>>): string[] {
  for (const [key, value] of Object.entries(raw))
    if (key.startsWith("pooling_mode_") && value === true && !BOOLEANS.some(([known]) => known === key))
      throw modelError(file, "unknown pooling mode", {
        found: key,
        expected: `one of ${BOOLEANS.map(([known]) => known).join(", ")}`,
      });
  const modes = BOOLEANS.filter(([key]) => raw[key] === true).map(([, mode]) => mode);
  // As sentence-transformers: a file without any mode means its default.
  return modes.length === 0 ? ["mean"] : modes;
}

/**
 * The configuration to write: the older booleans, which every version reads, unless they cannot say it (another order of modes).
 */
export function poolingJson({ modes, includePrompt, dimension }: Pooling): Record<string, unknown> {
  const hiddenSize = dimension / modes.length;
  const ordered = BOOLEANS.filter(([, mode]) => modes.includes(mode)).map(([, mode]) => mode);
  if (ordered.join() !== modes.join())
    return { embedding_dimension: hiddenSize, pooling_mode: modes, include_prompt: includePrompt };
  return {
    word_embedding_dimension: hiddenSize,
    ...Object.fromEntries(BOOLEANS.map(([key, mode]) => [key, modes.includes(mode)])),
    include_prompt: includePrompt,
  };
}
