import { z } from "zod";
import { logSumExp, maximum, softplus, type Tensor, where } from "../graph/index.js";
import { defineLoss } from "./define.js";
import { countOf } from "./masked.js";
import type { LogitsBatch, LossOutput } from "./types.js";

/**
 * L = −1/|P| Σ_{i ∈ P} ln(e^{s_i} / Σ_j e^{s_j}) of each list, then the mean over lists with a positive (Zhao et al. 2023, pre-ranking). In
 * `all` the sum runs over the whole list and positives compete with each other (ListNet's top-one loss with a uniform target, Cao et al. 2007);
 * in `positive-vs-negatives` each positive meets the negatives only. A row's `weights` weigh its mean.
 */
export const multiPositiveListwise = defineLoss({
  name: "multi-positive-listwise",
  options: z.strictObject({ denominator: z.enum(["all", "positive-vs-negatives"]).default("all") }),
  build: { logits: (batch, { denominator }) => listwise(batch, denominator) },
});

/** −ln softmax(z) at the positive among its negatives: the ranker's step of AR2 (Zhang et al. 2022, eq. 3), and of any cross-encoder on lists. */
export const ar2Ranker = defineLoss({
  name: "ar2-ranker",
  options: z.strictObject({}),
  build: { logits: (batch) => listwise(batch, "positive-vs-negatives") },
});

function listwise(batch: LogitsBatch, denominator: "all" | "positive-vs-negatives"): LossOutput {
  const { scores, positive, negative, weights } = batch;
  const over = denominator === "all" ? positive.or(negative) : negative;
  const total = logSumExp(where(over, scores, Number.NEGATIVE_INFINITY), 1, { keepDims: true });
  const counts = positive.cast("float32").sum(1);
  const some = counts.greater(0);
  const terms = denominator === "all" ? total.sub(scores) : softplus(total.sub(scores));
  const losses = where(positive, terms, 0).sum(1).div(maximum(counts, 1));
  const weight = weights === undefined ? some.cast("float32") : where(some, weights, 0);
  return { loss: weightedMean(losses, weight), telemetry: { rows: countOf(some) } };
}

/** Σ w x / Σ w; 0 where all weights are 0. */
export function weightedMean(x: Tensor, weights: Tensor): Tensor {
  const total = weights.sum();
  return x
    .mul(weights)
    .sum()
    .div(where(total.greater(0), total, 1));
}
