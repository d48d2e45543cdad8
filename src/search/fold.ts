import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { Hits, ScoringRetriever, TextItem } from "../base/types.js";
import type { ChunkPlace, Chunks } from "../data/chunks.js";

/** A document's score from those of its chunks: the highest (MaxP), or that of the first chunk (FirstP; Z. Dai and J. Callan 2019). */
export type FoldBy = "max" | "first";

/** Hits of chunks as hits of their documents, at most `k`: score descending, then id. With `first`, documents whose first chunk is not among the hits are left out. */
export function fold(
  { ids, scores }: Hits,
  chunkOf: ReadonlyMap<string, ChunkPlace>,
  by: FoldBy,
  k = Number.POSITIVE_INFINITY,
): Hits {
  const best = new Map<string, number>();
  for (const [rank, id] of ids.entries()) {
    const place = chunkOf.get(id);
    const score = scores[rank] as number;
    if (place === undefined) throw inputError("unknown-id", "a hit is no chunk of a document", { found: id });
    if (by === "first" && place.index !== 0) continue;
    const before = best.get(place.document);
    if (before === undefined || score > before) best.set(place.document, score);
  }
  const sorted = [...best].sort(([idA, a], [idB, b]) => b - a || compareCodePoints(idA, idB)).slice(0, k);
  return { ids: sorted.map(([id]) => id), scores: Float64Array.from(sorted, ([, score]) => score) };
}

/**
 * A retriever of documents from one of chunks. `open` makes the latter for the chunks it is given: with `first` these are the first ones alone. Exact: it asks for more chunks until no
 * document can be missing from the best k.
 */
export async function foldedRetriever(
  { items, chunkOf }: Chunks,
  by: FoldBy,
  open: (chunks: ReadonlyMap<string, TextItem>) => Promise<ScoringRetriever>,
): Promise<ScoringRetriever> {
  const asked = by === "max" ? items : new Map([...items].filter(([id]) => chunkOf.get(id)?.index === 0));
  const inner = await open(asked);
  const chunksOf = new Map<string, TextItem[]>();
  for (const [id, item] of asked) {
    const { document } = chunkOf.get(id) as ChunkPlace;
    const list = chunksOf.get(document) ?? [];
    chunksOf.set(document, list);
    list.push(item);
  }
  return {
    name: inner.name,
    fingerprint: inner.fingerprint,
    async search(queries, k) {
      const found: (Hits | undefined)[] = queries.map(() => undefined);
      for (let depth = 2 * k; ; depth *= 4) {
        const open = [...found.keys()].filter((i) => found[i] === undefined);
        if (open.length === 0) return found as Hits[];
        const hits = await inner.search(
          open.map((i) => queries[i] as TextItem),
          Math.min(depth, asked.size),
        );
        for (const [row, i] of open.entries()) {
          const chunks = hits[row] as Hits;
          const documents = fold(chunks, chunkOf, by, k);
          const last = chunks.scores[chunks.scores.length - 1] ?? Number.NEGATIVE_INFINITY;
          // A chunk that was not returned scores at most as the last one: equal scores may still order otherwise by document.
          const complete = documents.ids.length === k && (documents.scores[k - 1] as number) > last;
          if (complete || chunks.ids.length < depth) found[i] = documents;
        }
      }
    },
    async scorePairs(pairs) {
      const rows = pairs.map(({ document }) => chunksOf.get(document.id) ?? []);
      const flat = rows.flatMap((chunks, i) =>
        chunks.map((chunk) => ({ query: (pairs[i] as (typeof pairs)[number]).query, document: chunk })),
      );
      const scores = await inner.scorePairs(flat);
      let at = 0;
      return Float64Array.from(rows, (chunks) => {
        const own = scores.subarray(at, at + chunks.length);
        at += chunks.length;
        return own.length === 0 ? Number.NaN : own.reduce((a, b) => Math.max(a, b));
      });
    },
  };
}
