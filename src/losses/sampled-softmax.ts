import { z } from "zod";
import { inputError } from "../base/errors.js";
import {
  diagonal,
  log,
  logSumExp,
  maximum,
  mean,
  sigmoid,
  slice,
  stopGradient,
  type Tensor,
  where,
} from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { crossEntropy, softmaxLoss } from "./softmax.js";
import type { PairBatch } from "./types.js";

const similarity = z.enum(["cosine", "dot"]).default("dot");
const temperature = z.number().positive().default(1);

/**
 * In-batch softmax whose logits are corrected for how often a column is in the batch, Q.
 * - `standard`: s/t − ln Q on every column, the positive too (Bengio and Senécal 2008; Yi et al. 2019, eq. 6);
 * - `negatives-only`: not on the positive, which is there by design and not by chance;
 * - `corrected`: that, with Q'_j = Q_j / (1 − Q_i), and each row weighed by w_i = 1 − p_i, p_i = σ(s_ii/t − LSE_N(s_ij/t − ln Q'_j) + ln |N|), a
 *   constant: L = 1/B Σ w_i (LSE_N − s_ii/t) (Khrylchenko et al. 2025). `meanNegatives` subtracts ln |N| in the bracket: the same gradient;
 * - `none`: plain in-batch softmax.
 * Columns with the row's own item, accidental hits, are no negatives: the batch's mask says so. A row without negatives has loss 0.
 */
export const sampledSoftmaxLogq = defineLoss({
  name: "sampled-softmax-logq",
  options: z.strictObject({
    variant: z.enum(["none", "standard", "negatives-only", "corrected"]).default("standard"),
    similarity,
    temperature,
    removeAccidentalHits: z.literal(true).default(true),
    meanNegatives: z.boolean().default(false),
  }),
  build: {
    pairs: (batch, { variant, similarity, temperature, meanNegatives }) => {
      const { queries, documents, negatives } = batch;
      const logits = similarityMatrix(queries, documents, similarity, 1 / temperature);
      const own = diagonal(logits);
      const telemetry = { positiveScore: mean(own).mul(temperature) };
      if (variant === "none") return { loss: mean(crossEntropy(own, [{ logits, negatives }])), telemetry };
      const q = probabilitiesOf(batch);
      const ownQ = slice(q, 0, 0, queries.length(0));
      const corrected = logits.sub(log(q));
      if (variant !== "corrected") {
        const positives = variant === "standard" ? own.sub(log(ownQ)) : own;
        return { loss: mean(crossEntropy(positives, [{ logits: corrected, negatives }])), telemetry };
      }
      const count = negatives.cast("float32").sum(1);
      const some = count.greater(0);
      const others = logSumExp(where(negatives, corrected, Number.NEGATIVE_INFINITY), 1).add(log(ownQ.neg().add(1)));
      const gap = where(some, others, 0).sub(own);
      const logCount = log(maximum(count, 1));
      const weights = stopGradient(sigmoid(gap.sub(logCount)));
      const terms = weights.mul(meanNegatives ? gap.sub(logCount) : gap);
      return { loss: mean(where(some, terms, 0)), telemetry: { ...telemetry, weight: mean(weights) } };
    },
  },
});

/**
 * Cross-entropy over the whole catalogue: L = mean (LSE_j s(q_i, item_j)/t − s(q_i, item_y)/t). The batch's negatives are then all other items,
 * each in one column; what sampled softmax approximates.
 */
export const softmaxCrossEntropy = defineLoss({
  name: "softmax-cross-entropy",
  options: z.strictObject({ similarity, temperature }),
  build: {
    pairs: (batch, { similarity, temperature }) =>
      softmaxLoss(batch, { scale: 1 / temperature, similarity, softmaxes: [["query_to_doc"]] }),
  },
});

function probabilitiesOf({ samplingProbabilities }: PairBatch): Tensor {
  if (samplingProbabilities !== undefined) return samplingProbabilities;
  throw inputError("bad-batch", "sampled-softmax-logq: the batch does not say how probable its columns were");
}
