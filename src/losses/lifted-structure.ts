import { z } from "zod";
import { maximum, relu, softplus, type Tensor } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { distanceMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { anyOf, countOf, logSumExpOf, meanOf, vectorsOf } from "./masked.js";

const options = z.strictObject({
  negativeMargin: z.number().default(1),
  positiveMargin: z.number().default(0),
  metric: z.enum(["l2", "l2-squared"]).default("l2"),
  normalize: z.boolean().default(true),
});

/**
 * ½ mean over ordered positive pairs of max(0, J)², J_ij = ln(Σ_{n ∈ N(i)} e^{m − D_in} + Σ_{n ∈ N(j)} e^{m − D_jn}) + D_ij − m⁺.
 * Oh Song et al. 2016, eq. 4. Each row's log-sum is taken once, not once a pair. The original code and TensorFlow Addons square the
 * distances; TensorFlow Similarity keeps only the hardest positive. Needs the negatives of both ends, so it cannot have a memory.
 */
export const liftedStructure = defineLoss({
  name: "lifted-structure",
  options,
  build: {
    labelled(batch, options) {
      const { anchors, references } = vectorsOf(batch, options);
      const { positive, negative } = pairsOf(batch);
      const distances = distanceMatrix(anchors, references, options.metric);
      const repelled = logSumExpOf(distances.neg().add(options.negativeMargin), negative);
      const both = logAddExp(repelled.unsqueeze(1), repelled.unsqueeze(0));
      const violation = relu(both.add(distances).sub(options.positiveMargin));
      return {
        loss: meanOf(violation.square(), positive).mul(0.5),
        telemetry: {
          positivePairs: countOf(positive),
          activeShare: meanOf(violation.greater(0).cast("float32"), positive),
        },
      };
    },
  },
});

/**
 * Mean over anchors with a positive and a negative of max(0, ln Σ_p e^{D_ap − m⁺} + ln Σ_n e^{m − D_an}). Hermans et al. 2017, eq. 6: the
 * smooth form of the batch-hard triplet loss. pytorch-metric-learning also counts anchors that lack a side, with 0 for what is missing.
 */
export const generalizedLiftedStructure = defineLoss({
  name: "generalized-lifted-structure",
  memory: true,
  options,
  build: {
    labelled(batch, options) {
      const { anchors, references } = vectorsOf(batch, options);
      const { positive, negative } = pairsOf(batch);
      const distances = distanceMatrix(anchors, references, options.metric);
      const attracted = logSumExpOf(distances.sub(options.positiveMargin), positive);
      const repelled = logSumExpOf(distances.neg().add(options.negativeMargin), negative);
      const valid = anyOf(positive).and(anyOf(negative));
      return { loss: meanOf(relu(attracted.add(repelled)), valid), telemetry: { anchors: countOf(valid) } };
    },
  },
});

/** ln(e^a + e^b). Nothing, −∞, becomes −1e30, which every hinge takes for nothing too. */
function logAddExp(a: Tensor, b: Tensor): Tensor {
  const [x, y] = [maximum(a, -1e30), maximum(b, -1e30)];
  return x.add(softplus(y.sub(x)));
}
