import { inputError } from "../base/errors.js";
import type { ScoredPool } from "../base/types.js";
import { checkOneOf } from "./check.js";

/** Which score stands for a query with several positives. */
export type Reference = "min" | "mean" | "max";

export const references: readonly Reference[] = ["min", "mean", "max"];

/** The reference of some scores; throws where there are none. */
export function referenceOf(scores: readonly number[], reference: Reference): number {
  checkOneOf("reference", reference, references);
  if (scores.length === 0)
    throw inputError("no-positive", "a score of a positive is needed", { found: "no positives" });
  if (reference === "min") return scores.reduce((a, b) => Math.min(a, b));
  if (reference === "max") return scores.reduce((a, b) => Math.max(a, b));
  // Dividing first: the sum of large scores could overflow.
  return scores.reduce((sum, score) => sum + score / scores.length, 0);
}

/** The reference over all positives of a pool, whether inside it or not. */
export function referenceScore(pool: ScoredPool, reference: Reference): number {
  if (pool.positives.length === 0) {
    throw inputError("no-positive", `query ${pool.query.id} has no positive`, { expected: "at least one positive" });
  }
  return referenceOf(
    pool.positives.map((positive) => positive.score),
    reference,
  );
}
