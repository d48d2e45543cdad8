import type { Progress } from "../base/progress.js";
import type { Hits } from "../base/types.js";

/** Vectors that can be searched. */
export interface VectorIndex {
  /**
   * The nearest k documents of each query vector (row-major [queries, dimension]), by score descending, then id ascending. A score does not
   * depend on what else is searched for.
   */
  search(queries: Float32Array, k: number, progress?: Progress): Promise<Hits[]>;
  /** How it searches, and how well it did so far. */
  report(): Promise<IndexReport>;
  close(): Promise<void>;
}

/** `exact`; `int8`: the same hits and scores, found by 8-bit products; `hnsw`: approximate, and fast for millions of documents. */
export const indexKinds = ["exact", "int8", "hnsw"] as const;
export type IndexKind = (typeof indexKinds)[number];

export interface IndexReport {
  readonly kind: IndexKind;
  /** Of an approximate index, all of them. */
  readonly params?: Readonly<Record<string, number>>;
  /** Share of the exact hits that were found, over a sample of the queries that were searched; absent where all are. */
  readonly recall?: { readonly mean: number; readonly least: number; readonly at: number; readonly queries: number };
}
