import { z } from "zod";
import { gather } from "../graph/index.js";
import { distanceMatrix } from "../nn/distances.js";
import { above, boundary, unitVectors } from "./comparing.js";
import { defineMiner } from "./define.js";
import { elements } from "./selection.js";

/**
 * Triplets whose angle at the negative is wide: arctan(|a − p| / (2 |n − c|)) > angle, c the middle of anchor and positive. Wang et al. 2017,
 * eq. 4. By Apollonius 4 |n − c|² = 2 |n − a|² + 2 |n − p|² − |a − p|², so distances of rows are all it needs.
 */
export const angularMiner = defineMiner({
  name: "angular",
  options: z.strictObject({
    /** Degrees. */
    angle: z.number().gt(0).lt(90).default(20),
    /** Divide vectors by their length first, all three. */
    normalize: z.boolean().default(true),
    boundary: boundary("strict"),
  }),
  select({ pairs: { anchor, positive, valid }, ...batch }, { angle, normalize, boundary }) {
    const { embeddings: rows, references: columns } = normalize ? unitVectors(batch) : batch;
    const fromAnchors = distanceMatrix(rows, columns, "l2-squared");
    const between = elements(fromAnchors, anchor, positive).unsqueeze(1);
    const sides = gather(fromAnchors, anchor).add(gather(distanceMatrix(columns, columns, "l2-squared"), positive));
    const median = sides.mul(2).sub(between);
    const wide = above(between, median.mul(Math.tan((angle * Math.PI) / 180) ** 2), boundary);
    return {
      kind: "triplets",
      anchor,
      positive,
      negatives: gather(batch.negative, anchor).and(valid.unsqueeze(1)).and(wide),
    };
  },
});
