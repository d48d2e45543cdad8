import { concat, cumulativeSum, slice, sort, stopGradient, type Tensor, takeAlongAxis, where } from "../graph/index.js";
import { apply } from "../graph/tensor.js";
import { countOf } from "./masked.js";

/** A sum over triplets, how many of them are above 0, and how many there are: scalars. */
export interface TripletSums {
  readonly sum: Tensor;
  readonly active: Tensor;
  readonly all: Tensor;
}

/**
 * Σ max(0, d_p + margin − d_n) over every positive and negative of each row, without a term for each: in sorted order a positive meets
 * as many negatives as lie before it, so O(n² log n) time and O(n²) memory instead of a triplet's n³. Equal numbers are not active.
 */
export function allTripletHinges(distances: Tensor, positive: Tensor, negative: Tensor, margin: number): TripletSums {
  const limits = distances.add(margin);
  const { below, above } = crossCounts(stopGradient(limits), stopGradient(distances), positive, negative);
  return {
    sum: limits.mul(below).sub(distances.mul(above)).sum(),
    active: below.sum(),
    all: countOf(positive, 1).mul(countOf(negative, 1)).sum(),
  };
}

/**
 * For each kept element of `upper` how many kept elements of the row's `lower` are less (`below`), and for each kept element of `lower`
 * how many of `upper` are greater (`above`); 0 elsewhere. float32 [rows, columns] each. `ties` counts equal ones too.
 */
export function crossCounts(
  upper: Tensor,
  lower: Tensor,
  keptUpper: Tensor,
  keptLower: Tensor,
  { ties = false }: { readonly ties?: boolean } = {},
): { readonly below: Tensor; readonly above: Tensor } {
  // Equal elements keep their order, so the block that stands first is the lesser.
  const blocks = (u: Tensor, l: Tensor) => concat(ties ? [l, u] : [u, l], 1);
  const keys = blocks(where(keptUpper, upper, Infinity), where(keptLower, lower, Infinity));
  const { indices } = sort(keys, 1);
  const [ofUpper, ofLower] = [keptUpper, keptLower].map((kept) => kept.cast("float32")) as [Tensor, Tensor];
  const isLower = takeAlongAxis(blocks(ofUpper.mul(0), ofLower), indices, 1);
  const isUpper = takeAlongAxis(blocks(ofUpper, ofLower.mul(0)), indices, 1);
  const counts = where(
    isLower.greater(0),
    cumulativeSum(isUpper, 1, { reverse: true }),
    cumulativeSum(isLower, 1).mul(isUpper),
  );
  const places = apply("scatterAdd", [counts, indices], { axis: 1, shape: keys.shape });
  const width = upper.length(1);
  const [first, second] = [slice(places, 1, 0, width), slice(places, 1, width)];
  return ties ? { below: second, above: first } : { below: first, above: second };
}
