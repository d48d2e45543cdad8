import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { Hits, TextItem } from "../base/types.js";
import { lexicalTokens } from "./lexical-tokens.js";
import { topK } from "./top-k.js";

/** Term counts of a corpus, by term. Rows are documents in the order of their ids, so that the lower row is the lower id. */
export interface InvertedIndex {
  readonly ids: readonly string[];
  /** Tokens of each row. */
  readonly lengths: Int32Array;
  /** Term → its number. */
  readonly terms: ReadonlyMap<string, number>;
  /** The postings of term t stand at offsets[t] … offsets[t + 1]. */
  readonly offsets: Int32Array;
  /** Row of each posting, ascending within a term. */
  readonly rows: Int32Array;
  /** Occurrences of the term in that row, ≥ 1. */
  readonly counts: Int32Array;
  /** Of ids and texts, whatever order they came in. */
  readonly fingerprint: string;
}

/** Indexes the text of each document. Throws on an id that occurs twice. */
export function invertedIndex(documents: Iterable<TextItem>): InvertedIndex {
  const sorted = [...documents].sort((a, b) => compareCodePoints(a.id, b.id));
  const repeated = sorted.find((document, row) => row > 0 && document.id === sorted[row - 1]?.id);
  if (repeated !== undefined)
    throw inputError("duplicate-id", "two documents have the same id", { found: repeated.id });
  const terms = new Map<string, number>();
  const rowsOf: number[][] = [];
  const countsOf: number[][] = [];
  const lengths = new Int32Array(sorted.length);
  const hash = createHash("sha256");
  sorted.forEach((document, row) => {
    hash.update(JSON.stringify([document.id, document.text]));
    const tokens = lexicalTokens(document.text);
    lengths[row] = tokens.length;
    for (const token of tokens) {
      let term = terms.get(token);
      if (term === undefined) {
        term = terms.size;
        terms.set(token, term);
        rowsOf.push([]);
        countsOf.push([]);
      }
      const rows = rowsOf[term]!;
      const counts = countsOf[term]!;
      if (rows[rows.length - 1] === row) counts[counts.length - 1]! += 1;
      else {
        rows.push(row);
        counts.push(1);
      }
    }
  });
  const offsets = new Int32Array(terms.size + 1);
  rowsOf.forEach((rows, term) => {
    offsets[term + 1] = offsets[term]! + rows.length;
  });
  const rows = new Int32Array(offsets[terms.size]!);
  const counts = new Int32Array(offsets[terms.size]!);
  rowsOf.forEach((list, term) => {
    rows.set(list, offsets[term]);
    counts.set(countsOf[term]!, offsets[term]);
  });
  return {
    ids: sorted.map((document) => document.id),
    lengths,
    terms,
    offsets,
    rows,
    counts,
    fingerprint: `sha256:${hash.digest("hex")}`,
  };
}

/** Counts of the known terms of a text, by term number, in the order of first occurrence. */
export function termCounts(index: InvertedIndex, text: string): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const token of lexicalTokens(text)) {
    const term = index.terms.get(token);
    if (term !== undefined) counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  return counts;
}

/**
 * The k documents with the largest Σ over terms of query weight × posting weight, only those above 0.
 * `queryWeights` gives a query's weight per term number; `postingWeights` stands beside `index.rows`.
 */
export async function searchPostings(
  index: InvertedIndex,
  postingWeights: Float64Array,
  queries: readonly TextItem[],
  queryWeights: (text: string) => ReadonlyMap<number, number>,
  k: number,
): Promise<Hits[]> {
  const sums = new Float64Array(index.ids.length);
  const found: Hits[] = [];
  for (const query of queries) {
    addScores(sums, index, postingWeights, queryWeights(query.text));
    const best = topK(k);
    let floor = 0;
    for (let row = 0; row < sums.length; row++) {
      const score = sums[row]!;
      // Rows come in order, so an equal score cannot displace a kept row.
      if (score > floor) {
        best.offer(row, score);
        floor = Math.max(0, best.floor());
      }
    }
    sums.fill(0);
    const { rows, scores } = best.drain();
    found.push({ ids: Array.from(rows, (row) => index.ids[row]!), scores });
    // A long batch lets other work of the thread pass.
    if (found.length % 64 === 0) await setImmediate();
  }
  return found;
}

/** The same scores for given pairs, 0 where they share no term; NaN for a document that is not in the index. */
export async function scorePostings(
  index: InvertedIndex,
  postingWeights: Float64Array,
  pairs: readonly { readonly query: TextItem; readonly document: TextItem }[],
  queryWeights: (text: string) => ReadonlyMap<number, number>,
): Promise<Float64Array> {
  const rowOf = new Map(index.ids.map((id, row) => [id, row]));
  const byText = new Map<string, number[]>();
  pairs.forEach(({ query }, at) => {
    const places = byText.get(query.text);
    if (places === undefined) byText.set(query.text, [at]);
    else places.push(at);
  });
  const sums = new Float64Array(index.ids.length);
  const scores = new Float64Array(pairs.length).fill(Number.NaN);
  let done = 0;
  for (const [text, places] of byText) {
    addScores(sums, index, postingWeights, queryWeights(text));
    for (const at of places) {
      const row = rowOf.get(pairs[at]!.document.id);
      if (row !== undefined) scores[at] = sums[row]!;
    }
    sums.fill(0);
    done += 1;
    if (done % 64 === 0) await setImmediate();
  }
  return scores;
}

/** Adds the score of each row for one query. */
function addScores(
  sums: Float64Array,
  index: InvertedIndex,
  postingWeights: Float64Array,
  queryWeights: ReadonlyMap<number, number>,
): void {
  for (const [term, weight] of queryWeights) {
    const end = index.offsets[term + 1]!;
    for (let at = index.offsets[term]!; at < end; at++) sums[index.rows[at]!]! += weight * postingWeights[at]!;
  }
}
