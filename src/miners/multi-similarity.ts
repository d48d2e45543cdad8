import { z } from "zod";
import { max, min, where } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { below, boundary } from "./comparing.js";
import { defineMiner } from "./define.js";

/**
 * Pairs that are informative beside those of the other kind: a positive with s − ε < the most similar negative, a negative with s + ε > the
 * least similar positive. An anchor without negatives keeps no positive, and the other way round. Wang et al. 2019, eq. 11 and 12.
 */
export const multiSimilarityMiner = defineMiner({
  name: "multi-similarity",
  options: z.strictObject({
    epsilon: z.number().default(0.1),
    similarity: z.enum(["cosine", "dot"]).default("cosine"),
    boundary: boundary("strict"),
  }),
  select({ embeddings, references, positive, negative }, { epsilon, similarity, boundary }) {
    const scores = similarityMatrix(embeddings, references, similarity);
    const nearestNegative = max(where(negative, scores, Number.NEGATIVE_INFINITY), 1, { keepDims: true });
    const farthestPositive = min(where(positive, scores, Number.POSITIVE_INFINITY), 1, { keepDims: true });
    return {
      kind: "pairs",
      positive: positive.and(below(scores.sub(epsilon), nearestNegative, boundary)),
      negative: negative.and(below(farthestPositive, scores.add(epsilon), boundary)),
    };
  },
});
