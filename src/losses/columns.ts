import type { Tensor } from "../graph/index.js";
import type { PairBatch, VectorsBatch } from "./types.js";

/** Queries and documents as columns: what a regulariser of vectors sees of pairs. */
export const columnsOf = ({ queries, documents }: PairBatch): VectorsBatch => ({ columns: [queries, documents] });

/** The mean over columns of terms by name. */
export function meanOfColumns<K extends string>(
  { columns }: VectorsBatch,
  terms: (x: Tensor) => Record<K, Tensor>,
): Record<K, Tensor> {
  const found = columns.map(terms);
  const names = Object.keys(found[0] ?? {}) as K[];
  const total = (name: K) => found.map((one) => one[name]).reduce((sum, one) => sum.add(one));
  return Object.fromEntries(names.map((name) => [name, total(name).mul(1 / columns.length)])) as Record<K, Tensor>;
}
