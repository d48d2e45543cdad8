import { z } from "zod";
import { diagonal, mean, slice, softplus, where } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { meanOf } from "./masked.js";

/**
 * mean −ln σ(u·i − u·j) over each row's own negatives j (Rendle et al. 2009, BPR-Opt), with λ/2 · (Σ|u|² + Σ|i|² + Σ|j|²) / rows. The logistic
 * triplet loss of dot products; RankNet (Burges et al. 2005) is the same for scores.
 */
export const bpr = defineLoss({
  name: "bpr",
  scope: "own",
  options: z.strictObject({ l2Reg: z.number().min(0).default(0) }),
  build: {
    pairs: ({ queries, documents, negatives }, { l2Reg }) => {
      const scores = similarityMatrix(queries, documents, "dot");
      const own = diagonal(scores);
      const ranking = meanOf(softplus(scores.sub(own.unsqueeze(1))), negatives);
      const squares = documents.square().sum(1);
      const lengths = queries
        .square()
        .sum(1)
        .add(slice(squares, 0, 0, queries.length(0)))
        .add(where(negatives, squares.unsqueeze(0), 0).sum(1));
      const loss = l2Reg === 0 ? ranking : ranking.add(mean(lengths).mul(l2Reg / 2));
      const ordered = meanOf(scores.less(own.unsqueeze(1)).cast("float32"), negatives);
      return { loss, telemetry: { orderedShare: ordered } };
    },
  },
});
