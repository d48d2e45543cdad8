import { type Filter, rejecting } from "../filter.js";

/** Rejects the documents that are judged relevant to the query, by id. */
export function knownPositives(): Filter {
  return rejecting("known-positives", {}, (pool) => {
    const positives = new Set(pool.positives.map((positive) => positive.id));
    return ({ id }) => (positives.has(id) ? { value: null, threshold: null } : null);
  });
}
