import { z } from "zod";
import { gather, maximum, sigmoid } from "../graph/index.js";
import { elements, pairsOf } from "../miners/selection.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { countOf, sumOf, vectorsOf } from "./masked.js";

/**
 * 1 − average precision with σ(x / τ) in the place of steps: mean over anchors with a positive of
 * 1 − 1/|P| Σ_p (1 + Σ_{q ∈ P} σ((s_q − s_p) / τ)) / (1 + Σ_{j ∈ P ∪ N} σ((s_j − s_p) / τ)), p itself left out of both sums. Brown et al. 2020, eq. 8.
 * Each positive is compared with its anchor's whole row: |pairs| · B in time and memory, where the original takes B³ and classes of equal size.
 * The original also ranks the anchor itself among its positives.
 */
export const smoothAp = defineLoss({
  name: "smooth-ap",
  memory: true,
  options: z.strictObject({
    /** τ, of the cosine. */
    temperature: z.number().positive().default(0.01),
  }),
  build: {
    labelled(batch, { temperature }) {
      const { anchors, references } = vectorsOf(batch, { normalize: true });
      const masks = pairsOf(batch);
      const { anchor, positive, valid } = batch.pairs;
      const used = elements(masks.positive, anchor, positive).and(valid);
      const [rows, own] = [gather(anchors, anchor), gather(references, positive)];
      const scores = similarityMatrix(rows, references, "dot", 1 / temperature);
      const above = sigmoid(
        scores.sub(
          rows
            .mul(own)
            .sum(1, { keepDims: true })
            .mul(1 / temperature),
        ),
      );
      const among = gather(masks.positive, anchor);
      // Compared with itself it is σ(0) = ½.
      const rank = (mask: typeof among) => sumOf(above, mask, 1).add(0.5);
      const share = rank(among).div(rank(among.or(gather(masks.negative, anchor))));
      const counts = countOf(masks.positive, 1);
      const precision = share.div(maximum(gather(counts, anchor), 1));
      const total = countOf(counts.greater(0));
      return {
        loss: total.sub(sumOf(precision, used)).div(maximum(total, 1)),
        telemetry: { anchors: total },
      };
    },
  },
});
