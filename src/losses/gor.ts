import { z } from "zod";
import { eye, maximum, relu, size, where } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { columnsOf, meanOfColumns } from "./columns.js";
import { defineLoss } from "./define.js";
import type { LossOutput, VectorsBatch } from "./types.js";

/**
 * Global orthogonal regularisation (Zhang et al. 2017, eq. 5): of the cosines of all pairs of different rows of a column, w_m · (mean)² + w_s ·
 * max(0, mean of squares − 1/D), what random directions would have. Columns are averaged.
 */
export const gor = defineLoss({
  name: "gor",
  options: z.strictObject({
    meanWeight: z.number().min(0).default(1),
    secondMomentWeight: z.number().min(0).default(1),
  }),
  build: {
    vectors: orthogonal,
    pairs: (batch, options) => orthogonal(columnsOf(batch), options),
  },
});

function orthogonal(batch: VectorsBatch, weights: { meanWeight: number; secondMomentWeight: number }): LossOutput {
  const { meanTerm, secondMomentTerm } = meanOfColumns(batch, (x) => {
    const rows = size(x.length(0));
    const cosines = where(eye(x.length(0)).greater(0), 0, similarityMatrix(x, x, "cosine"));
    const pairs = maximum(rows.mul(rows.sub(1)), 1);
    const second = cosines.square().sum().div(pairs);
    return {
      meanTerm: cosines.sum().div(pairs).square(),
      secondMomentTerm: relu(second.sub(size(x.length(1)).pow(-1))),
    };
  });
  const loss = meanTerm.mul(weights.meanWeight).add(secondMomentTerm.mul(weights.secondMomentWeight));
  return { loss, telemetry: { meanTerm, secondMomentTerm } };
}
