import { canonicalText } from "../../base/text.js";
import { type Filter, rejecting } from "../filter.js";

/**
 * Rejects documents whose text equals that of a positive or of the query itself, after NFC, collapsing white space and trimming: copies of
 * a positive under another id are the surest false negatives. `textOf` gives a document's text.
 */
export function equalText(textOf: (id: string) => string): Filter {
  return rejecting("equal-text", {}, (pool) => {
    const taken = new Set(pool.positives.map(({ id }) => canonicalText(textOf(id))));
    taken.add(canonicalText(pool.query.text));
    return ({ id }) => (taken.has(canonicalText(textOf(id))) ? { value: null, threshold: null } : null);
  });
}
