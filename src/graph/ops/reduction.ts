import type { Dim } from "../dim.js";
import { frontAxes, frontAxis } from "../shape.js";
import { type Axes, apply, part, type Tensor } from "../tensor.js";
import { where } from "./elementwise.js";

interface Keep {
  /** Leave reduced axes with length 1. */
  readonly keepDims?: boolean;
}

export function sum(x: Tensor, axes?: Axes, options?: Keep): Tensor {
  return x.sum(axes, options);
}

export function mean(x: Tensor, axes?: Axes, options?: Keep): Tensor {
  return x.mean(axes, options);
}

/** The largest element along axes (all when absent). The gradient goes to one element: of equal ones, the first. */
export function max(x: Tensor, axes?: Axes, { keepDims = false }: Keep = {}): Tensor {
  return extreme("max", x, axes, keepDims);
}

/** The smallest element along axes (all when absent). The gradient goes to one element: of equal ones, the first. */
export function min(x: Tensor, axes?: Axes, { keepDims = false }: Keep = {}): Tensor {
  return extreme("min", x, axes, keepDims);
}

/** The place of the largest element along an axis, int32; of equal ones, the first. */
export function argMax(x: Tensor, axis = -1, { keepDims = false }: Keep = {}): Tensor {
  return apply("argMax", [x], { axis: frontAxis("argMax", axis, x.rank), keepDims });
}

/** The place of the smallest element along an axis, int32; of equal ones, the first. */
export function argMin(x: Tensor, axis = -1, { keepDims = false }: Keep = {}): Tensor {
  return apply("argMin", [x], { axis: frontAxis("argMin", axis, x.rank), keepDims });
}

/** log Σ e^x along an axis, computed in log space. Of nothing but -∞ it is -∞, with gradient 0. */
export function logSumExp(x: Tensor, axis = -1, { keepDims = false }: Keep = {}): Tensor {
  return apply("logSumExp", [x], { axis: frontAxis("logSumExp", axis, x.rank), keepDims });
}

/** e^x / Σ e^x along an axis. Of nothing but -∞ it is all 0, with gradient 0. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return apply("softmax", [x], { axis: frontAxis("softmax", axis, x.rank) });
}

/** x - log Σ e^x along an axis. Of nothing but -∞ it is -∞. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  const total = logSumExp(x, axis, { keepDims: true });
  return x.sub(where(total.equal(-Infinity), 0, total));
}

/** Running sums along an axis; `exclusive` leaves the element itself out, `reverse` runs from the end. */
export function cumulativeSum(
  x: Tensor,
  axis = -1,
  { exclusive = false, reverse = false }: { readonly exclusive?: boolean; readonly reverse?: boolean } = {},
): Tensor {
  return apply("cumulativeSum", [x], { axis: frontAxis("cumulativeSum", axis, x.rank), exclusive, reverse });
}

/** The k largest (or smallest) elements along an axis, best first, and their places (int32). Equal elements: lowest place first. */
export function topK(
  x: Tensor,
  k: Dim,
  axis = -1,
  { largest = true }: { readonly largest?: boolean } = {},
): { readonly values: Tensor; readonly indices: Tensor } {
  const node = apply("topK", [x], { k, axis: frontAxis("topK", axis, x.rank), largest });
  return { values: part(node, 0), indices: part(node, 1) };
}

/** All elements along an axis in order, and the places they came from (int32). Equal elements: lowest place first. */
export function sort(
  x: Tensor,
  axis = -1,
  { descending = false }: { readonly descending?: boolean } = {},
): { readonly values: Tensor; readonly indices: Tensor } {
  return topK(x, x.length(axis), axis, { largest: descending });
}

/** One axis after the other, last first: of equal elements the first in row-major order then gets the gradient. */
function extreme(op: "max" | "min", x: Tensor, axes: Axes | undefined, keepDims: boolean): Tensor {
  const list = frontAxes(op, axes, x.rank);
  return list.reduceRight((y, axis) => apply(op, [y], { axis, keepDims }), x);
}
