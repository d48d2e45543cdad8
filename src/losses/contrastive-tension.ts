import { z } from "zod";
import { rowDot } from "../graph/index.js";
import { terms } from "./bce-with-logits.js";
import { defineLoss } from "./define.js";
import { softmaxLoss } from "./softmax.js";

/**
 * Σ of binary cross-entropies of f₁(x)·f₂(x'), label 1 where x and x' are the same text, f₁ and f₂ two copies of an encoder (Carlsson et al. 2021,
 * CT, §3): one positive to seven negatives in the paper. A sum, not a mean.
 */
export const contrastiveTension = defineLoss({
  name: "contrastive-tension",
  options: z.strictObject({}),
  build: {
    scored: ({ first, second, labels }) => ({ loss: terms(rowDot(first, second), labels).sum(), telemetry: {} }),
  },
});

/**
 * Contrastive tension with in-batch negatives: both directions of a softmax over cosines, whose scale e^logScale is learned (sentence-transformers'
 * variant).
 */
export const contrastiveTensionInBatch = defineLoss({
  name: "contrastive-tension-in-batch",
  options: z.strictObject({ scale: z.number().positive().default(20) }),
  parameters: (_, { scale }) => [{ name: "logScale", shape: [1], initial: Math.log(scale) }],
  build: {
    pairs: (batch, _, parameters) => {
      const scale = parameters("logScale").exp();
      const softmaxes = [["query_to_doc"], ["doc_to_query"]] as const;
      const { loss, telemetry } = softmaxLoss(batch, { scale, similarity: "cosine", softmaxes });
      return { loss, telemetry: { ...telemetry, scale: scale.squeeze(0) } };
    },
  },
});
