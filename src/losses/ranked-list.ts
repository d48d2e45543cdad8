import { z } from "zod";
import { relu, softmax, type Tensor, where } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { distanceMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { countOf, meanOfRows, vectorsOf } from "./masked.js";

/**
 * Positives within α − m, negatives beyond α, each row's violations v averaged with weights ∝ e^{T v}:
 * (1 − λ) Σ_p w_p [d_ap − (α − m)]+ + λ Σ_n w_n [α − d_an]+, on unit vectors; mean over all rows. Wang et al. 2019, eq. 6 … 9. As in
 * pytorch-metric-learning the gradient goes through the weights too. A side without violations is 0.
 */
export const rankedList = defineLoss({
  name: "ranked-list",
  memory: true,
  options: z.strictObject({
    /** m, the gap between the two boundaries. */
    margin: z.number().min(0).default(0.4),
    /** α, the boundary of negatives, a Euclidean distance; 1 + m / 2 by default. */
    alpha: z.number().positive().optional(),
    /** λ, the share of the negatives. */
    imbalance: z.number().min(0).max(1).default(0.5),
    /** T of positives and of negatives: 0 weights all violations alike. */
    positiveTemperature: z.number().min(0).default(0),
    negativeTemperature: z.number().min(0).default(10),
  }),
  build: {
    labelled(batch, { margin, imbalance, ...options }) {
      const alpha = options.alpha ?? 1 + margin / 2;
      const { anchors, references } = vectorsOf(batch, { normalize: true });
      const { positive, negative } = pairsOf(batch);
      const distances = distanceMatrix(anchors, references, "l2");
      const near = weighted(distances.sub(alpha - margin), positive, options.positiveTemperature);
      const far = weighted(distances.neg().add(alpha), negative, options.negativeTemperature);
      return {
        loss: meanOfRows(near.mean.mul(1 - imbalance).add(far.mean.mul(imbalance)), batch),
        telemetry: { activePositives: countOf(near.active), activeNegatives: countOf(far.active) },
      };
    },
  },
});

/** The mean of each row's violations above 0, weighted by e^{T v}. */
function weighted(
  violations: Tensor,
  kept: Tensor,
  temperature: number,
): { readonly mean: Tensor; readonly active: Tensor } {
  const active = kept.and(violations.greater(0));
  const weights = softmax(where(active, violations.mul(temperature), -Infinity), 1);
  return { mean: weights.mul(relu(violations)).sum(1), active };
}
