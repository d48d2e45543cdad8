import { z } from "zod";
import { cumulativeSum, maximum } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { countOf, meanOf } from "./masked.js";
import { placesOf, softHistogram } from "./soft-histogram.js";

/**
 * The probability that a random negative pair is at least as similar as a random positive one: Σ_r h⁻_r Σ_{q ≤ r} h⁺_q with soft histograms of the
 * cosines of all pairs. Ustinova and Lempitsky 2016, eq. 4. No parameter but the number of bins. 0 without positives or negatives. Equal rows
 * (cosine 1) are counted in the last bin; pytorch-metric-learning runs past it.
 */
export const histogram = defineLoss({
  name: "histogram",
  options: z.strictObject({ bins: z.int().min(1).default(100) }),
  memory: true,
  build: {
    labelled(batch, { bins }) {
      const { positive, negative } = pairsOf(batch);
      const cosines = similarityMatrix(batch.embeddings, batch.references, "cosine");
      const places = placesOf(cosines.reshape([-1]), { from: -1, to: 1, bins });
      const [near, far] = [positive, negative].map((kept) =>
        softHistogram(places, kept.reshape([-1])).div(maximum(countOf(kept), 1)),
      ) as [typeof cosines, typeof cosines];
      return {
        loss: far.mul(cumulativeSum(near, 0)).sum(),
        telemetry: { positiveScore: meanOf(cosines, positive), negativeScore: meanOf(cosines, negative) },
      };
    },
  },
});
