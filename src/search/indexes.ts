import { inputError } from "../base/errors.js";
import type { Progress } from "../base/progress.js";
import type { Similarity } from "../base/types.js";
import type { Engine } from "../engine/types.js";
import { createExactIndex } from "./exact.js";
import { createHnswIndex, type HnswParams, hnswDefaults } from "./hnsw.js";
import type { IndexKind, IndexReport, VectorIndex } from "./vector-index.js";
import type { VectorSource } from "./vector-source.js";

/** How vectors are to be searched. */
export interface IndexOptions {
  /** Default `exact`. */
  readonly kind?: IndexKind;
  /** Of `hnsw`: see `HnswParams`. */
  readonly params?: Readonly<Record<string, string | number>>;
  readonly seed?: number;
  /** Of `hnsw`, to search with; one thread builds. Default: all. */
  readonly threads?: number | undefined;
}

/** Makes indexes of one kind, and knows them all. */
export interface Indexes {
  create(
    corpus: VectorSource,
    options: { readonly engine: Engine; readonly similarity: Similarity; readonly progress?: Progress | undefined },
  ): Promise<VectorIndex>;
  /** Of each index that was made, in that order. */
  reports(): Promise<readonly IndexReport[]>;
}

/** Throws `bad-param` on parameters that the kind does not have. */
export function openIndexes({ kind = "exact", params = {}, seed = 1, threads }: IndexOptions = {}): Indexes {
  const given = readParams(kind, params);
  const made: VectorIndex[] = [];
  return {
    async create(corpus, options) {
      const index =
        kind === "hnsw"
          ? await createHnswIndex(corpus, { ...options, params: given, seed, threads })
          : await createExactIndex(corpus, { ...options, precision: kind === "int8" ? "int8" : "float32" });
      made.push(index);
      return index;
    },
    reports: () => Promise.all(made.map((index) => index.report())),
  };
}

function readParams(kind: IndexKind, params: Readonly<Record<string, string | number>>): Partial<HnswParams> {
  const names = kind === "hnsw" ? Object.keys(hnswDefaults) : [];
  const read = Object.entries(params).map(([name, text]): [string, number] => {
    const value = Number(text);
    const least = name === "sample" ? 0 : 1;
    if (names.includes(name) && Number.isInteger(value) && value >= least) return [name, value];
    throw inputError("bad-param", `the index ${kind} cannot take this parameter`, {
      field: name,
      found: String(text),
      expected: names.length === 0 ? "no parameters" : `a whole number from ${least} for one of ${names.join(", ")}`,
    });
  });
  return Object.fromEntries(read);
}
