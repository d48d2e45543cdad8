import { z } from "zod";
import { exp, log, max, softplus, stopGradient, where } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { similarityMatrix } from "../nn/distances.js";
import { radians } from "./angles.js";
import { defineLoss } from "./define.js";
import { countOf, meanOf, vectorsOf } from "./masked.js";

/**
 * Mean over positive pairs of ln(1 + Σ_{n ∈ N(a)} exp(4 tan²α (a + p)·n − 2 (1 + tan²α) a·p)), all of unit length. Wang et al. 2017, eq. 8;
 * the paper trains the N-pair loss + 2 of it. The sum over n of products is a product of matrices, not a matrix of pairs by negatives.
 * pytorch-metric-learning leaves n as long as it is, so that its loss follows the scale of the vectors.
 */
export const angular = defineLoss({
  name: "angular",
  memory: true,
  options: z.strictObject({
    /** Upper bound of the angle at the negative; the paper takes 36 … 55. Above 65 the sum would leave float32. */
    alphaDegrees: z.number().positive().max(65).default(45),
  }),
  build: {
    labelled(batch, { alphaDegrees }) {
      const slope = Math.tan(radians(alphaDegrees)) ** 2;
      const { anchors, references } = vectorsOf(batch, { normalize: true });
      const { positive, negative } = pairsOf(batch);
      const cosines = similarityMatrix(anchors, references, "dot");
      const between = anchors === references ? cosines : similarityMatrix(references, references, "dot");
      // e^x · e^y with each row's greatest number taken out: what is left lies in e^±16 at 55 degrees.
      const [ofAnchors, ofPositives] = [cosines, between].map((x) => x.mul(4 * slope)) as [
        typeof cosines,
        typeof cosines,
      ];
      const [shift, shiftPositive] = [ofAnchors, ofPositives].map((x) => stopGradient(max(x, 1))) as [
        typeof cosines,
        typeof cosines,
      ];
      const weights = where(negative, exp(ofAnchors.sub(shift.unsqueeze(1))), 0);
      const sums = weights.matmul(exp(ofPositives.sub(shiftPositive.unsqueeze(1))), { transposeB: true });
      const any = sums.greater(0);
      const repelled = log(where(any, sums, 1))
        .add(shift.unsqueeze(1))
        .add(shiftPositive.unsqueeze(0));
      const losses = where(any, softplus(repelled.sub(cosines.mul(2 * (1 + slope)))), 0);
      return { loss: meanOf(losses, positive), telemetry: { positivePairs: countOf(positive) } };
    },
  },
});
