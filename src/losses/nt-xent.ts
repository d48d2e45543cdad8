import { z } from "zod";
import { logSumExp, softplus, where } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { countOf, meanOf } from "./masked.js";
import { softmaxLoss } from "./softmax.js";

/**
 * Normalised temperature-scaled cross-entropy (Chen et al. 2020, SimCLR, eq. 1). Pairs are two views: all 2N rows are anchors, each against the
 * other view of its item and 2(N − 1) negatives. With labels every ordered positive pair is a term −ln(e^{s_ip/t} / (e^{s_ip/t} + Σ_n e^{s_in/t}))
 * whose denominator leaves other positives out (SupCon keeps them in). In log space throughout: pytorch-metric-learning's saturates at 87.3 and loses its
 * gradient there. One log-sum-exp a row serves all its pairs, O(B²).
 */
export const ntXent = defineLoss({
  name: "nt-xent",
  memory: true,
  options: z.strictObject({ temperature: z.number().positive().default(0.07) }),
  build: {
    pairs: (batch, { temperature }) =>
      softmaxLoss(batch, {
        scale: 1 / temperature,
        similarity: "cosine",
        softmaxes: [
          ["query_to_doc", "query_to_query"],
          ["doc_to_query", "doc_to_doc"],
        ],
      }),
    labelled: (batch, { temperature }) => {
      const { positive, negative } = pairsOf(batch);
      const logits = similarityMatrix(batch.embeddings, batch.references, "cosine", 1 / temperature);
      const others = logSumExp(where(negative, logits, Number.NEGATIVE_INFINITY), 1, { keepDims: true });
      return {
        loss: meanOf(softplus(others.sub(logits)), positive),
        telemetry: { positivePairs: countOf(positive) },
      };
    },
  },
});
