import { z } from "zod";
import { relu, softplus, stopGradient, type Tensor } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { anyOf, countOf, logSumExpOf, meanOf } from "./masked.js";
import type { LossOutput } from "./types.js";

const options = z.strictObject({
  /** Relaxation of the optimum: positives above 1 − m and negatives below m are at rest. Paper: 0.25 for faces. */
  m: z.number().default(0.4),
  /** Scale. Paper: 256 for faces, 128 for persons, 80 for retrieval. */
  gamma: z.number().positive().default(80),
  similarity: z.literal("cosine").default("cosine"),
});

/**
 * ln(1 + Σ_p e^{−γ [1 + m − s]+ (s − 1 + m)} Σ_n e^{γ [s + m]+ (s − m)}), where the brackets are weights, constant to the gradient; mean over
 * anchors with a positive and a negative. Sun et al. 2020, eq. 6. Over `logits` a row is a list of scores in −1 … 1.
 * TensorFlow Similarity adds two logarithms instead: another loss. The log space keeps γ = 256 finite.
 */
export const circle = defineLoss({
  name: "circle",
  memory: true,
  options,
  build: {
    labelled(batch, options) {
      const { positive, negative } = pairsOf(batch);
      return ofScores(similarityMatrix(batch.embeddings, batch.references, "cosine"), positive, negative, options);
    },
    logits: ({ scores, positive, negative }, options) => ofScores(scores, positive, negative, options),
  },
});

function ofScores(s: Tensor, positive: Tensor, negative: Tensor, { m, gamma }: z.output<typeof options>): LossOutput {
  const weightPositive = stopGradient(relu(s.neg().add(1 + m))).mul(-gamma);
  const weightNegative = stopGradient(relu(s.add(m))).mul(gamma);
  const attracted = logSumExpOf(weightPositive.mul(s.sub(1 - m)), positive);
  const repelled = logSumExpOf(weightNegative.mul(s.sub(m)), negative);
  const valid = anyOf(positive).and(anyOf(negative));
  return { loss: meanOf(softplus(attracted.add(repelled)), valid), telemetry: { anchors: countOf(valid) } };
}
