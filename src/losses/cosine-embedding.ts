import { z } from "zod";
import { comparedScored } from "./compared.js";
import { contrastive } from "./contrastive.js";
import { defineLoss } from "./define.js";

/**
 * mean of 1 − cos for positives and max(0, cos − margin) for negatives: PyTorch's CosineEmbeddingLoss. The linear contrastive loss of cosine
 * distance with the margin 1 − `margin`.
 */
export const cosineEmbedding = defineLoss({
  name: "cosine-embedding",
  options: z.strictObject({
    /** Cosine below which negatives are left alone, −1 … 1. */
    margin: z.number().min(-1).max(1).default(0),
  }),
  build: {
    scored: (batch, { margin }) =>
      contrastive(comparedScored(batch, { metric: "cosine", normalize: false }), {
        form: "linear",
        margin: 1 - margin,
        positiveMargin: 0,
        reduction: "mean",
      }),
  },
});
