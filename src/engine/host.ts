import type { AdamwFactors, FloatArray, SgdFactors, Span } from "./reference.js";

/** Float values that a host keeps. */
export interface Block {
  readonly length: number;
}

/** Where weights, gradients and optimiser state lie, and the loops over them. `B` is how a host names its blocks. */
export interface Host<B extends Block> {
  /** A new block of zeros. */
  allocate(length: number): B;
  free(block: B): void;
  /** The values themselves; the array is stale after the next `allocate`. */
  values(block: B): FloatArray;
  adamw(parameter: B, gradient: B, first: B, second: B, span: Span, factors: AdamwFactors): void;
  sgd(parameter: B, gradient: B, velocity: B | undefined, factors: SgdFactors): void;
  squaredNorm(x: B, span: Span): number;
  axpy(y: B, x: B, a: number): void;
  ema(target: B, source: B, momentum: number): void;
  bagGradient(gradient: B, ids: Int32Array, offsets: Int32Array, width: number, dy: B): void;
  scatterAddRows(gradient: B, ids: Int32Array, width: number, dy: B): void;
}

/** The number of elements of a shape. */
export function product(shape: readonly number[]): number {
  return shape.reduce((n, length) => n * length, 1);
}
