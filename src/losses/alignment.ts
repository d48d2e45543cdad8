import { z } from "zod";
import { l2Normalize, mean, slice, sqrt, type Tensor, where } from "../graph/index.js";
import { rowDistance } from "../nn/distances.js";
import { defineLoss } from "./define.js";

/** mean |x_i − y_i|^α of queries and their positives on unit vectors (Wang and Isola 2020, §4.1): lower is better. */
export const alignment = defineLoss({
  name: "alignment",
  options: z.strictObject({ alpha: z.number().positive().default(2) }),
  build: {
    pairs: ({ queries, documents }, { alpha }) => {
      const positives = slice(documents, 0, 0, queries.length(0));
      const squared = rowDistance(l2Normalize(queries), l2Normalize(positives), "l2-squared");
      const distances = alpha === 2 ? squared : alpha === 1 ? sqrt(squared) : powerOf(squared, alpha / 2);
      return { loss: mean(distances), telemetry: {} };
    },
  },
});

/** x^exponent with gradient 0 at 0. */
function powerOf(x: Tensor, exponent: number): Tensor {
  const zero = x.lessOrEqual(0);
  return where(zero, 0, where(zero, 1, x).pow(exponent));
}
