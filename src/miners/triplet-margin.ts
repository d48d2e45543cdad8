import { z } from "zod";
import { gather } from "../graph/index.js";
import { below, boundary, comparing, distancesOf } from "./comparing.js";
import { defineMiner } from "./define.js";
import { elements } from "./selection.js";

/**
 * Every triplet of one kind, by Δ = d(a, n) − d(a, p): `hard` Δ ≤ 0, `semi-hard` 0 < Δ ≤ margin, `easy` Δ > margin, `all` Δ ≤ margin. With the
 * strict boundary, as papers write them: Δ < 0, 0 < Δ < margin, Δ > margin, Δ < margin. Schroff et al. 2015, section 3.2.
 */
export const tripletMarginMiner = defineMiner({
  name: "triplet-margin",
  options: z.strictObject({
    type: z.enum(["all", "hard", "semi-hard", "easy"]).default("all"),
    /** Units of the distance. */
    margin: z.number().min(0).default(0.2),
    ...comparing("l2", true),
    boundary: boundary("inclusive"),
  }),
  select(batch, { type, margin, boundary, ...space }) {
    const { anchor, positive, valid } = batch.pairs;
    const distances = distancesOf(batch, space);
    const delta = gather(distances, anchor).sub(elements(distances, anchor, positive).unsqueeze(1));
    const kinds = {
      all: () => below(delta, margin, boundary),
      hard: () => below(delta, 0, boundary),
      "semi-hard": () => delta.greater(0).and(below(delta, margin, boundary)),
      easy: () => delta.greater(margin),
    };
    const negatives = gather(batch.negative, anchor).and(valid.unsqueeze(1)).and(kinds[type]());
    return { kind: "triplets", anchor, positive, negatives };
  },
});
