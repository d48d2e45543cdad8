import { abs, clip, constant, type Dim, gather, gatherRows, iota, type Tensor, where } from "../graph/index.js";
import type { Masks } from "./network.js";

/** Added to the score of a key that must not be seen. Finite, so that a row of nothing else is no NaN. */
export const HIDDEN = -1e9;

/** Relative positions further than this share a bucket. Fixed in MPNet and T5. */
const FARTHEST = 128;

/** `masks` with keys hidden that are more than `reach` places from the query. */
export function windowed(masks: Masks, reach: number): Masks {
  return masks.map((mask) => {
    const length = mask.shape[3] as Dim;
    const place = iota(length).cast("float32");
    const far = abs(place.unsqueeze(0).sub(place.unsqueeze(1))).greater(reach);
    return mask.add(where(far, HIDDEN, 0));
  });
}

/** `masks` with a learnt bias by relative position, one a head: `table` is [buckets, heads]. Raffel et al. 2020, Song et al. 2020. */
export function biased(masks: Masks, table: Tensor): Masks {
  const buckets = relativeBuckets(table.shape[0] as number);
  return masks.map((mask) => {
    const place = iota(mask.shape[3] as Dim);
    const apart = clip(place.unsqueeze(0).sub(place.unsqueeze(1)), { min: -FARTHEST, max: FARTHEST });
    const bias = gatherRows(table, gather(constant(buckets), apart.add(FARTHEST)));
    return mask.add(bias.transpose([2, 0, 1]));
  });
}

/**
 * The bucket of each relative position (key minus query) from -128 to 128: half of the buckets for keys behind, half for keys before; in each
 * half one bucket a distance up to its middle, then logarithmic. In float32's arithmetic, as the models were trained.
 */
export function relativeBuckets(count: number): Int32Array {
  const half = count / 2;
  const exact = half / 2;
  return Int32Array.from({ length: 2 * FARTHEST + 1 }, (_, i) => {
    const apart = i - FARTHEST;
    const distance = Math.abs(apart);
    const share = Math.fround(
      Math.fround(Math.log(Math.fround(distance / exact))) / Math.fround(Math.log(FARTHEST / exact)),
    );
    const bucket = distance < exact ? distance : Math.min(half - 1, exact + Math.floor(share * (half - exact)));
    return bucket + (apart > 0 ? half : 0);
  });
}
