import type { SparseMatrix } from "./bags.js";
import type { AdamwFactors, FloatArray, RowTargets, SgdFactors, Span, TableRows } from "./reference.js";

/** Float values that a host keeps. */
export interface Block {
  readonly length: number;
}

/** Where weights, gradients and optimiser state lie, and the loops over them. `B` is how a host names its blocks. */
export interface Host<B extends Block> {
  /** A new block of zeros; with `beside`, in the same memory, where what is worked on together need not move. */
  allocate(length: number, beside?: B): B;
  free(block: B): void;
  /** The values themselves; the array is stale after the next `allocate`. */
  values(block: B): FloatArray;
  adamw(parameter: B, gradient: B, first: B, second: B, span: Span, factors: AdamwFactors): void;
  /** AdamW over a whole table of which only some rows have a gradient; what `gradient` holds in the others is not read. */
  adamwTable(parameter: B, gradient: B, first: B, second: B, rows: TableRows, factors: AdamwFactors): void;
  sgd(parameter: B, gradient: B, velocity: B | undefined, factors: SgdFactors): void;
  squaredNorm(x: B, span: Span): number;
  squaredNormRows(x: B, rows: TableRows): number;
  axpy(y: B, x: B, a: number): void;
  ema(target: B, source: B, momentum: number): void;
  /** A sparse matrix times the rows of `source` [·, width]: to the rows of `target`, or to those that `targets` names. */
  sparseProduct(matrix: SparseMatrix, source: B, width: number, target: B, targets?: RowTargets): void;
  scatterAddRows(gradient: B, ids: Int32Array, width: number, dy: B): void;
}

/** The number of elements of a shape. */
export function product(shape: readonly number[]): number {
  return shape.reduce((n, length) => n * length, 1);
}
