import { z } from "zod";
import { clip, gather, iota, max, maximum, min, type Tensor, where } from "../graph/index.js";
import { given } from "./choosing.js";
import { comparing, distancesOf } from "./comparing.js";
import { defineMiner } from "./define.js";
import { ranks } from "./ranking.js";

/**
 * Pairs of all distances alike: positives and negatives are each dealt out to bins of equal width between their least and greatest distance, and
 * of every bin some are drawn, without replacement; a bin that has fewer gives what it has.
 */
export const uniformHistogram = defineMiner({
  name: "uniform-histogram",
  options: z.strictObject({
    bins: z.number().int().positive().default(100),
    positivesPerBin: z.number().int().min(0).default(10),
    negativesPerBin: z.number().int().min(0).default(10),
    ...comparing("l2", true),
  }),
  random: true,
  select(batch, { bins, positivesPerBin, negativesPerBin, ...space }, noise) {
    const distances = distancesOf(batch, space);
    const drawn = (mask: Tensor, count: number) =>
      mask.and(firstOfBins(binOf(distances, mask, bins), given(noise), count));
    return {
      kind: "pairs",
      positive: drawn(batch.positive, positivesPerBin),
      negative: drawn(batch.negative, negativesPerBin),
    };
  },
});

/** The bin of each pair, float32 from 0; what is not in the mask is in one behind the last. */
function binOf(distances: Tensor, mask: Tensor, bins: number): Tensor {
  const least = min(where(mask, distances, Number.POSITIVE_INFINITY));
  const width = max(where(mask, distances, Number.NEGATIVE_INFINITY)).sub(least);
  const share = where(mask, distances, least)
    .sub(least)
    .div(where(width.greater(0), width, 1));
  const bin = clip(share.mul(bins), { min: 0, max: bins - 1 });
  return where(mask, bin.cast("int32").cast("float32"), bins);
}

/** Whether a pair's noise is among the `count` least of its bin. */
function firstOfBins(bin: Tensor, noise: Tensor, count: number): Tensor {
  if (count === 0) return bin.less(0);
  // Half the noise, so that bin + noise never rounds up into the next bin.
  const { order, rank } = ranks(bin.add(noise.mul(0.5)).reshape([-1]));
  const sorted = gather(bin.reshape([-1]), order);
  // In that order each bin is one run: whoever has the same bin `count` places before is not among its first.
  const before = iota(sorted.length(0)).sub(count);
  const first = gather(sorted, maximum(before, 0)).less(sorted).or(before.less(0));
  return gather(first, rank).reshape(bin.shape);
}
