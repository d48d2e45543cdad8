import type { Tensor } from "../graph/index.js";

/**
 * Pairs in one batch. Column i of the documents is the positive of row i; further columns are hard negatives.
 * Known positives are masked by id before a loss sees them: `negatives` says which columns push row i away.
 */
export interface PairBatch {
  /** [rows, dimension] */
  readonly queries: Tensor;
  /** [columns, dimension], columns ≥ rows */
  readonly documents: Tensor;
  /** bool [rows, columns]: true where the document is a negative of the row. Never true on a row's own positive. */
  readonly negatives: Tensor;
}

/** A scalar to minimise, and numbers worth watching (scalars that cost nothing). */
export interface LossOutput {
  readonly loss: Tensor;
  readonly telemetry: Readonly<Record<string, Tensor>>;
}

/** Which columns a loss takes as negatives of a row: all of the batch, or only those drawn for the row. */
export type NegativeScope = "batch" | "own";

/** A loss over pairs, with the options that its name stands for. */
export interface PairLoss {
  readonly name: string;
  readonly scope: NegativeScope;
  /** Factor on the similarity (1 / temperature); 1 where the loss has none. Samplers multiply score differences by it. */
  readonly scale: number;
  build(batch: PairBatch): LossOutput;
}
