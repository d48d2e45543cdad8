import { z } from "zod";
import { l2Normalize, mean, rowDot, softplus, type Tensor } from "../graph/index.js";
import { defineLoss } from "./define.js";
import { meanOf } from "./masked.js";

/**
 * mean [ w · y · ln(1 + e^−x) + (1 − y) · ln(1 + e^x) ]: logistic regression on logits x, without overflow. Of two vectors the logit is their scaled
 * similarity, and y, 0 … 1, may be soft, as for a cross-encoder's one logit; of lists, y is 1 on positives and 0 on negatives.
 */
export const bceWithLogits = defineLoss({
  name: "bce-with-logits",
  options: z.strictObject({
    /** w, the weight of positives: e.g. negatives per positive. */
    posWeight: z.number().positive().default(1),
    similarity: z.enum(["cosine", "dot"]).default("dot"),
    scale: z.number().positive().default(1),
  }),
  build: {
    scored: ({ first, second, labels }, { posWeight, similarity, scale }) => {
      const [a, b] = similarity === "cosine" ? [l2Normalize(first), l2Normalize(second)] : [first, second];
      return { loss: mean(terms(rowDot(a, b).mul(scale), labels, posWeight)), telemetry: {} };
    },
    points: ({ logits, labels }, { posWeight, scale }) => ({
      loss: mean(terms(logits.squeeze(1).mul(scale), labels, posWeight)),
      telemetry: {},
    }),
    logits: ({ scores, positive, negative }, { posWeight, scale }) => ({
      loss: meanOf(terms(scores.mul(scale), positive.cast("float32"), posWeight), positive.or(negative)),
      telemetry: {},
    }),
  },
});

/** The cross-entropy of each logit. */
export function terms(logits: Tensor, targets: Tensor, posWeight = 1): Tensor {
  const missed = softplus(logits.neg()).mul(targets).mul(posWeight);
  return missed.add(softplus(logits).mul(targets.neg().add(1)));
}
