import { z } from "zod";
import { l2Normalize, rowDot } from "../graph/index.js";
import { defineLoss } from "./define.js";

/** mean (cos(x1, x2) − y)²: the regression objective of Sentence-BERT (Reimers and Gurevych 2019, §3). Labels −1 … 1. */
export const cosineSimilarityMse = defineLoss({
  name: "cosine-similarity-mse",
  options: z.strictObject({}),
  build: {
    scored: ({ first, second, labels }) => {
      const gaps = rowDot(l2Normalize(first), l2Normalize(second)).sub(labels);
      return { loss: gaps.square().mean(), telemetry: { meanError: gaps.abs().mean() } };
    },
  },
});
