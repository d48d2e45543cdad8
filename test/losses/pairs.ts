// Random batches of pairs: as values, as masks, and as what a loss is given.
import type { PairBatch } from "#nearmiss/losses/types.js";
import { type Mask, mask, maskNode, type Nodes, normal, range, type Values } from "./numbers.js";

export interface Pairs {
  readonly queries: number[][];
  readonly documents: number[][];
  readonly negatives: Mask;
  readonly own: Mask;
  readonly alsoPositive: Mask;
  readonly queue: number[][];
  readonly queueNegatives: Mask;
  /** The inputs of the graph. */
  readonly values: Values;
  readonly batch: (nodes: Nodes) => PairBatch;
}

export interface PairsOptions {
  readonly scope?: "batch" | "own";
  readonly hard?: number;
  readonly queue?: number;
  readonly rows?: number;
  readonly dimension?: number;
}

/** Rows with two hard negatives each, some of the columns known positives of other rows. */
export function pairs(
  seed: number,
  { scope = "batch", hard = 2, queue = 0, rows = 4, dimension = 3 }: PairsOptions = {},
): Pairs {
  const columns = rows * (1 + hard);
  const own = range(rows).map((i) => range(columns).map((j) => j >= rows && (j - rows) % rows === i));
  const known = mask(seed, "known", rows, columns, (i, j, random) => i !== j && !random && !own[i]?.[j]);
  const negatives = range(rows).map((i) =>
    range(columns).map((j) => i !== j && !known[i]?.[j] && (scope === "batch" || own[i]?.[j] === true)),
  );
  const queueNegatives = mask(seed, "queue", rows, queue, (_, __, random) => random);
  const values = {
    queries: normal(seed, "queries", rows, dimension),
    documents: normal(seed, "documents", columns, dimension),
    ...(queue > 0 ? { queue: normal(seed, "queue", queue, dimension) } : {}),
  };
  return {
    ...values,
    queue: values.queue ?? [],
    negatives,
    own,
    alsoPositive: known,
    queueNegatives,
    values,
    batch: (nodes) => ({
      queries: nodes["queries"]!,
      documents: nodes["documents"]!,
      negatives: maskNode(negatives),
      own: maskNode(own),
      ...(queue > 0 ? { queue: { vectors: nodes["queue"]!, negatives: maskNode(queueNegatives) } } : {}),
    }),
  };
}
