import type { RetrievalData, TextItem } from "../base/types.js";
import type { Sequence } from "../nn/encoder.js";

/** Token ids of queries and documents, made once and kept. */
export interface TokenSource {
  query(id: string): Sequence;
  document(id: string): Sequence;
}

/** Tokenises on first use; `sequence` adds the prompt of the role. */
export function tokenSource(
  data: RetrievalData,
  sequence: (text: string, as: "query" | "document") => Sequence,
): TokenSource {
  const kept = (items: ReadonlyMap<string, TextItem>, as: "query" | "document") => {
    const made = new Map<string, Sequence>();
    return (id: string): Sequence => {
      const before = made.get(id);
      if (before !== undefined) return before;
      const item = items.get(id);
      if (item === undefined) throw new Error(`no ${as} has the id ${id}`);
      const fresh = sequence(item.text, as);
      made.set(id, fresh);
      return fresh;
    };
  };
  return { query: kept(data.queries, "query"), document: kept(data.documents, "document") };
}
