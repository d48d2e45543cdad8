import { workError } from "../base/errors.js";
import type { Negative, ScoredPool } from "../base/types.js";

/**
 * What happens to a query whose pool gave fewer negatives than asked for: keep what there is, leave the query out, fill up with documents
 * drawn from the corpus, repeat the list from its start, or stop.
 */
export type ShortPolicy = "fewer" | "skip" | "fill" | "repeat" | "error";

export const shortPolicies: readonly ShortPolicy[] = ["fewer", "skip", "fill", "repeat", "error"];

/** The negatives after the policy. For `fill` they are unchanged: what is missing has to be drawn from `fillableIds`. */
export function applyShortPolicy(
  negatives: readonly Negative[],
  count: number,
  policy: ShortPolicy,
  queryId: string,
): readonly Negative[] {
  if (negatives.length >= count || policy === "fewer" || policy === "fill") return negatives;
  if (policy === "skip") return [];
  if (policy === "repeat") {
    return negatives.length === 0
      ? []
      : Array.from({ length: count }, (_, i) => negatives[i % negatives.length] as Negative);
  }
  throw workError("short-pool", `query ${queryId} has too few candidates`, {
    found: String(negatives.length),
    expected: String(count),
    hint: "Ask for fewer negatives or a deeper pool, loosen the filters, or choose another policy for short pools.",
  });
}

/** Documents of the corpus that may fill a short pool: not in it, and no positive. */
export function fillableIds(corpusIds: Iterable<string>, pool: ScoredPool): string[] {
  const taken = new Set([...pool.candidates, ...pool.positives].map(({ id }) => id));
  return [...corpusIds].filter((id) => !taken.has(id));
}
