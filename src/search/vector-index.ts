import type { Progress } from "../base/progress.js";
import type { Hits } from "../base/types.js";

/** Vectors that can be searched. */
export interface VectorIndex {
  /**
   * The nearest k documents of each query vector (row-major [queries, dimension]), by score descending, then id ascending. A score does not
   * depend on what else is searched for.
   */
  search(queries: Float32Array, k: number, progress?: Progress): Promise<Hits[]>;
  close(): Promise<void>;
}
