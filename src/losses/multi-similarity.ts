import { z } from "zod";
import { max, min, softplus, type Tensor, where } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { anyOf, countOf, logSumExpOf } from "./masked.js";

/**
 * 1/B Σ_i [1/α ln(1 + Σ_p e^{−α (s − λ)}) + 1/β ln(1 + Σ_n e^{β (s − λ)})] with s = cos. Wang et al. 2019, eq. 15. The paper selects pairs
 * first (`miningEpsilon`, eq. 11 and 12) and its code skips anchors that then lack a side; pytorch-metric-learning does neither by itself.
 */
export const multiSimilarity = defineLoss({
  name: "multi-similarity",
  memory: true,
  options: z.strictObject({
    alpha: z.number().positive().default(2),
    beta: z.number().positive().default(50),
    /** λ, a cosine. */
    base: z.number().default(0.5),
    /** Keep positives less similar than the most similar negative + ε, and negatives more similar than the least similar positive − ε. */
    miningEpsilon: z.number().min(0).optional(),
    /** Whether an anchor that lacks positives or negatives keeps the term it has. */
    emptyAnchors: z.enum(["one-sided", "skip"]).default("one-sided"),
    similarity: z.literal("cosine").default("cosine"),
  }),
  build: {
    labelled(batch, { alpha, beta, base, miningEpsilon, emptyAnchors }) {
      const s = similarityMatrix(batch.embeddings, batch.references, "cosine");
      const all = pairsOf(batch);
      const { positive, negative } = miningEpsilon === undefined ? all : mined(s, all, miningEpsilon);
      const above = s.sub(base);
      const attracted = softplus(logSumExpOf(above.mul(-alpha), positive)).mul(1 / alpha);
      const repelled = softplus(logSumExpOf(above.mul(beta), negative)).mul(1 / beta);
      const losses = attracted.add(repelled);
      const both = anyOf(positive).and(anyOf(negative));
      return {
        loss: (emptyAnchors === "skip" ? where(both, losses, 0) : losses).mean(),
        telemetry: { positivePairs: countOf(positive), negativePairs: countOf(negative) },
      };
    },
  },
});

function mined(
  s: Tensor,
  { positive, negative }: { readonly positive: Tensor; readonly negative: Tensor },
  epsilon: number,
) {
  const hardestNegative = max(where(negative, s, -Infinity), 1, { keepDims: true });
  const hardestPositive = min(where(positive, s, Infinity), 1, { keepDims: true });
  return {
    positive: positive.and(s.sub(epsilon).less(hardestNegative)),
    negative: negative.and(s.add(epsilon).greater(hardestPositive)),
  };
}
