import type { HostTensor } from "../graph/host.js";

/** What a search multiplies first: float32, or 8-bit integers. What it finds is the same. */
export type SearchPrecision = "float32" | "int8";

/** What a search needs besides the vectors that are kept. */
export interface NearestQuestion {
  /** [queries, dimension]. */
  readonly queries: HostTensor;
  readonly k: number;
  /** For each query, only products above it are wanted. Absent: −∞. */
  readonly floors?: Float64Array | undefined;
  /** Where several searchers share the rows: what they tell each other meanwhile. Then what is not among the best of all may be missing or too much. */
  readonly board?: Board | undefined;
}

/** See nearest-board.ts. */
export interface Board {
  /** float32 [members, queries]: products that `quota` rows of a member reach; −∞ as long as it has not told. */
  readonly told: SharedArrayBuffer;
  readonly members: number;
  readonly member: number;
  /** All members' together: at least k. */
  readonly quota: number;
}

/** Rows by the greatest product with each query, greatest first, equal ones by row. Those of query i stand from starts[i] to starts[i + 1] − 1. */
export interface NearestRows {
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  readonly scores: Float64Array;
}

/** Keeps vectors and searches them. `H` is what it keeps of one set of them. */
export interface Searcher<H> {
  hold(vectors: HostTensor, precision: SearchPrecision): Promise<H>;
  free(held: H): void;
  /** Searches sets of vectors as if they stood one after another. */
  nearest(question: NearestQuestion, among: readonly H[]): Promise<NearestRows>;
  close(): Promise<void>;
}

/**
 * a · b of float32 values in float64: product i goes to partial sum i mod 8, those of the last few to one more, so the result is a function of the
 * vectors alone. Products of two float32 values are exact in float64.
 */
export function dot(a: Float32Array, b: Float32Array, startA = 0, startB = 0, count = a.length - startA): number {
  const whole = count - (count % 8);
  let [s0, s1, s2, s3, s4, s5, s6, s7] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < whole; i += 8) {
    const [x, y] = [startA + i, startB + i];
    s0 += a[x]! * b[y]!;
    s1 += a[x + 1]! * b[y + 1]!;
    s2 += a[x + 2]! * b[y + 2]!;
    s3 += a[x + 3]! * b[y + 3]!;
    s4 += a[x + 4]! * b[y + 4]!;
    s5 += a[x + 5]! * b[y + 5]!;
    s6 += a[x + 6]! * b[y + 6]!;
    s7 += a[x + 7]! * b[y + 7]!;
  }
  let tail = 0;
  for (let i = whole; i < count; i++) tail += a[startA + i]! * b[startB + i]!;
  // The order in which the kernel adds up its lanes.
  return s0 + s2 + (s4 + s6) + (s1 + s3 + (s5 + s7)) + tail;
}

/** Computes every product and sorts: what every other searcher must find. */
export function createPlainSearcher(): Searcher<Float32Array> {
  return {
    hold: async ({ data }) => Float32Array.from(data),
    free: () => undefined,
    async nearest({ queries, k, floors }, among) {
      const [count = 0, dimension = 1] = queries.shape;
      const asked = Float32Array.from(queries.data);
      const found = Array.from({ length: count }, (_, query) => {
        const scores = among.flatMap((rows) =>
          Array.from({ length: rows.length / dimension }, (_, row) =>
            dot(asked, rows, query * dimension, row * dimension, dimension),
          ),
        );
        const floor = floors?.[query] ?? Number.NEGATIVE_INFINITY;
        const rows = [...scores.keys()].filter((row) => scores[row]! > floor);
        return rows
          .sort((a, b) => scores[b]! - scores[a]! || a - b)
          .slice(0, k)
          .map((row) => ({ row, score: scores[row]! }));
      });
      return packRows(found);
    },
    close: async () => undefined,
  };
}

function packRows(found: readonly (readonly { readonly row: number; readonly score: number }[])[]): NearestRows {
  const starts = new Int32Array(found.length + 1);
  for (const [i, list] of found.entries()) starts[i + 1] = starts[i]! + list.length;
  const all = found.flat();
  return {
    starts,
    rows: Int32Array.from(all, ({ row }) => row),
    scores: Float64Array.from(all, ({ score }) => score),
  };
}
