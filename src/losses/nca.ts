import { z } from "zod";
import { pairsOf } from "../miners/selection.js";
import { distanceMatrix, similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { anyOf, countOf, logSumExpOf, meanOf, vectorsOf } from "./masked.js";

/**
 * −ln(Σ_{p} e^{−c d²} / Σ_{k ≠ i} e^{−c d²}), mean over anchors with a positive. Goldberger et al. 2004 (neighbourhood components analysis, the
 * logarithm of eq. 3). pytorch-metric-learning is NaN where no row has a positive, and drops anchors whose share underflows.
 */
export const nca = defineLoss({
  name: "nca",
  memory: true,
  options: z.strictObject({
    /** c, on squared distances. */
    scale: z.number().positive().default(1),
    normalize: z.boolean().default(true),
  }),
  build: {
    labelled(batch, { scale, normalize }) {
      const { anchors, references } = vectorsOf(batch, { normalize });
      const { positive, negative } = pairsOf(batch);
      // On unit vectors d² = 2 − 2 cos, and the 2 cancels.
      const z = normalize
        ? similarityMatrix(anchors, references, "dot", 2 * scale)
        : distanceMatrix(anchors, references, "l2-squared").mul(-scale);
      const valid = anyOf(positive);
      const losses = logSumExpOf(z, positive.or(negative)).sub(logSumExpOf(z, positive));
      return { loss: meanOf(losses, valid), telemetry: { anchors: countOf(valid) } };
    },
  },
});
