import { createHash } from "node:crypto";
import type { RetrievalData, Split, TextItem } from "../base/types.js";

/** What is searched during training: queries of one split and part of the documents. */
export interface DevSet {
  readonly split: Split;
  readonly queries: readonly TextItem[];
  readonly documents: readonly TextItem[];
}

/**
 * The judged documents of a split and others up to `most`, chosen by a hash of their ids: the same for every seed, so that curves of
 * several runs compare. Values on it are higher than on the whole corpus; only the final evaluation is to be quoted.
 */
export function devSet(data: RetrievalData, split: Split, most: number): DevSet {
  const judged = new Set([...split.judgements.values()].flatMap((judgements) => [...judgements.keys()]));
  const others = [...data.documents.keys()]
    .filter((id) => !judged.has(id))
    .map((id) => ({ id, key: createHash("sha256").update(id).digest("hex") }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, Math.max(0, most - judged.size));
  const chosen = new Set([...judged, ...others.map((other) => other.id)]);
  return {
    split,
    queries: [...split.judgements.keys()].flatMap((id) => data.queries.get(id) ?? []),
    documents: [...data.documents.values()].filter((document) => chosen.has(document.id)),
  };
}
