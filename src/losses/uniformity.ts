import { z } from "zod";
import { iota, logSumExp, maximum, size, type Tensor, where } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { columnsOf, meanOfColumns } from "./columns.js";
import { defineLoss } from "./define.js";

/**
 * ln mean_{i<j} exp(−t |x_i − x_j|²) on unit vectors, the mean over columns (Wang and Isola 2020, §4.1): at most 0, lower is more uniform. Of a
 * single row it is 0.
 */
export const uniformity = defineLoss({
  name: "uniformity",
  options: z.strictObject({ t: z.number().positive().default(2) }),
  build: {
    vectors: (batch, { t }) => ({ ...meanOfColumns(batch, (x) => ({ loss: uniform(x, t) })), telemetry: {} }),
    pairs: (batch, { t }) => ({ ...meanOfColumns(columnsOf(batch), (x) => ({ loss: uniform(x, t) })), telemetry: {} }),
  },
});

function uniform(x: Tensor, t: number): Tensor {
  const rows = x.length(0);
  const potentials = similarityMatrix(x, x, "cosine")
    .sub(1)
    .mul(2 * t);
  const above = iota(rows).unsqueeze(1).less(iota(rows).unsqueeze(0));
  const total = logSumExp(where(above, potentials, Number.NEGATIVE_INFINITY).reshape([-1]), 0);
  const pairs = size(rows).mul(size(rows).sub(1)).mul(0.5);
  return where(pairs.greater(0), where(pairs.greater(0), total, 0).sub(maximum(pairs, 1).log()), 0);
}
