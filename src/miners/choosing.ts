import { inputError } from "../base/errors.js";
import { argMax, gather, iota, type Tensor, where } from "../graph/index.js";
import { elements } from "./selection.js";
import type { LabelledBatch } from "./types.js";

/** Of each row the candidate with the largest value, of equal ones the first: bool like `candidates`, empty where these are. */
export function largest(values: Tensor, candidates: Tensor): Tensor {
  const place = argMax(where(candidates, values, Number.NEGATIVE_INFINITY), 1);
  return place
    .unsqueeze(1)
    .equal(iota(candidates.length(1)).unsqueeze(0))
    .and(candidates);
}

/** Of each row the candidate with the smallest value, of equal ones the first. */
export function smallest(values: Tensor, candidates: Tensor): Tensor {
  return largest(values.neg(), candidates);
}

/** Whether a row has any: bool [rows, 1]. */
export function anyOf(mask: Tensor): Tensor {
  return mask.cast("float32").sum(1, { keepDims: true }).greater(0);
}

/** The noise that a miner was given; throws `bad-usage` where it was not. */
export function given(noise: Tensor | undefined): Tensor {
  if (noise !== undefined) return noise;
  throw inputError("bad-usage", "this miner draws, and was given no noise to draw from", {
    expected: "uniform numbers in (0, 1), [rows, columns]",
  });
}

/**
 * Noise for every positive pair and column, [pairs, columns], of the noise of rows: u(a, n) + u(a, p) mod 1. A column that is no positive
 * of the anchor has uniform noise, independent of that of the other columns, and other noise for each positive.
 */
export function pairNoise(noise: Tensor, { anchor, positive }: LabelledBatch["pairs"]): Tensor {
  const shifted = gather(noise, anchor).add(elements(noise, anchor, positive).unsqueeze(1));
  return where(shifted.less(1), shifted, shifted.sub(1));
}
