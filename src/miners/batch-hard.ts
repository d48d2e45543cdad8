import { z } from "zod";
import { argMax, iota, where } from "../graph/index.js";
import { anyOf, smallest } from "./choosing.js";
import { comparing, distancesOf } from "./comparing.js";
import { defineMiner } from "./define.js";

/**
 * For each anchor its farthest positive and its nearest negative; anchors without either are left out. Hermans, Beyer and Leibe 2017, eq. 5, with
 * distances that are neither squared nor of unit vectors.
 */
export const batchHard = defineMiner({
  name: "batch-hard",
  options: z.strictObject(comparing("l2", false)),
  select(batch, space) {
    const distances = distancesOf(batch, space);
    return {
      kind: "triplets",
      anchor: iota(batch.embeddings.length(0)),
      positive: argMax(where(batch.positive, distances, Number.NEGATIVE_INFINITY), 1),
      negatives: smallest(distances, batch.negative).and(anyOf(batch.positive)),
    };
  },
});
