import { clip, maximum, minimum, stopGradient, type Tensor } from "../graph/index.js";
import { apply } from "../graph/tensor.js";

/** Where values stand among the centres of a histogram. */
export interface Places {
  /** int32: the centre at or below each value. */
  readonly lower: Tensor;
  /** How far each value is on its way to the next centre, 0 … 1. */
  readonly fraction: Tensor;
  readonly bins: number;
}

/** Places of x among the bins + 1 centres from `from` to `to`; what lies outside counts at the end. */
export function placesOf(
  x: Tensor,
  { from, to, bins }: { readonly from: number; readonly to: number; readonly bins: number },
): Places {
  const position = clip(x.sub(from).mul(bins / (to - from)), { min: 0, max: bins });
  // What is not a number has no place, but must reach the sum: the index stays in range.
  const lower = maximum(minimum(stopGradient(position).cast("int32"), bins - 1), 0);
  return { lower, fraction: position.sub(lower.cast("float32")), bins };
}

/**
 * Triangular soft histogram along the last axis: each kept value is shared between its two nearest centres, [..., bins + 1]. Two
 * additions a value, whatever the number of bins.
 */
export function softHistogram({ lower, fraction, bins }: Places, kept: Tensor): Tensor {
  const weights = kept.cast("float32");
  const shape = [...fraction.shape.slice(0, -1), bins + 1];
  const axis = fraction.rank - 1;
  const add = (values: Tensor, at: Tensor) => apply("scatterAdd", [values, at], { axis, shape });
  const upper = weights.mul(fraction);
  return add(weights.sub(upper), lower).add(add(upper, lower.add(1)));
}
