import { textId } from "../../base/text.js";
import { type Filter, rejecting } from "../filter.js";

/**
 * Rejects documents whose text equals that of a positive or of the query itself, after NFC, collapsing white space and trimming: copies of
 * a positive under another id are the surest false negatives. `textOf` gives a document's text; it is asked once for each document.
 */
export function equalText(textOf: (id: string) => string): Filter {
  const known = new Map<string, string>();
  const keyOf = (id: string): string => {
    const key = known.get(id) ?? textId(textOf(id));
    known.set(id, key);
    return key;
  };
  return rejecting("equal-text", {}, (pool) => {
    const taken = new Set([textId(pool.query.text), ...pool.positives.map(({ id }) => keyOf(id))]);
    return ({ id }) => (taken.has(keyOf(id)) ? { value: null, threshold: null } : null);
  });
}
