import { z } from "zod";
import { diagonal, logSumExp, mean, slice, softplus, type Tensor, where } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";

/**
 * N pairs of N classes (Sohn 2016, eq. 7): mc is 1/N Σ_i ln(1 + Σ_{j≠i} exp(f_i·f_j⁺ − f_i·f_i⁺)), the cross-entropy of the raw dot products;
 * ovo, one versus one, is 1/N Σ_i Σ_{j≠i} ln(1 + exp(f_i·f_j⁺ − f_i·f_i⁺)). Where several columns are positives of a row, mc's target is
 * uniform over them. Vectors are not normalised, so that the gap can grow; their lengths are held by `l2Reg` instead.
 *
 * `l2RegForm` for a mean of squared lengths over anchors and positives: `half-mean` λ/2 (mean|a|² + mean|p|²), `tf-quarter` λ/4 of it
 * (TensorFlow's). pytorch-metric-learning's NPairsLoss normalises and so cannot express the paper.
 */
export const nPairMc = defineLoss({
  name: "n-pair-mc",
  options: z.strictObject({
    variant: z.enum(["mc", "ovo"]).default("mc"),
    normalize: z.boolean().default(false),
    /** λ of the squared lengths. */
    l2Reg: z.number().min(0).default(0),
    l2RegForm: z.enum(["half-mean", "tf-quarter"]).default("half-mean"),
  }),
  build: {
    pairs: ({ queries, documents, negatives, alsoPositive }, { variant, normalize, l2Reg, l2RegForm }) => {
      const logits = similarityMatrix(queries, documents, normalize ? "cosine" : "dot");
      const own = diagonal(logits);
      const others = alsoPositive === undefined ? negatives : negatives.or(alsoPositive);
      const over = where(others, logits, Number.NEGATIVE_INFINITY);
      const losses =
        variant === "ovo"
          ? where(negatives, softplus(logits.sub(own.unsqueeze(1))), 0).sum(1)
          : softplus(logSumExp(over, 1).sub(own)).add(own.sub(meanPositive(logits, own, alsoPositive)));
      const squares = (x: Tensor) => x.square().sum(1).mean();
      const lengths = squares(queries).add(squares(slice(documents, 0, 0, queries.length(0))));
      const factor = l2Reg * { "half-mean": 1 / 2, "tf-quarter": 1 / 4 }[l2RegForm];
      const loss = factor === 0 ? mean(losses) : mean(losses).add(lengths.mul(factor));
      return { loss, telemetry: { positiveScore: mean(own), squaredLength: lengths.mul(0.5) } };
    },
  },
});

/** Of each row, the mean score of all its positives. */
function meanPositive(logits: Tensor, own: Tensor, also: Tensor | undefined): Tensor {
  if (also === undefined) return own;
  const weights = also.cast("float32");
  return logits.mul(weights).sum(1).add(own).div(weights.sum(1).add(1));
}
