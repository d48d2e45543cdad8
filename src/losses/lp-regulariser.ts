import { z } from "zod";
import { mean, sqrt, type Tensor } from "../graph/index.js";
import { columnsOf, meanOfColumns } from "./columns.js";
import { defineLoss } from "./define.js";
import type { LossOutput, VectorsBatch } from "./types.js";

/** mean over rows of |x|_p^power: holds lengths of vectors that are not normalised. p = 2, power 2 is the usual weight decay of embeddings. */
export const lpRegulariser = defineLoss({
  name: "lp-regulariser",
  options: z.strictObject({
    p: z.union([z.literal(1), z.literal(2)]).default(2),
    power: z.union([z.literal(1), z.literal(2)]).default(2),
  }),
  build: {
    vectors: norms,
    pairs: (batch, options) => norms(columnsOf(batch), options),
  },
});

function norms(batch: VectorsBatch, { p, power }: { readonly p: 1 | 2; readonly power: 1 | 2 }): LossOutput {
  const lengths = (x: Tensor) => {
    const sum = (p === 1 ? x.abs() : x.square()).sum(1);
    if (p === power) return sum;
    return p === 1 ? sum.square() : sqrt(sum);
  };
  return { ...meanOfColumns(batch, (x) => ({ loss: mean(lengths(x)) })), telemetry: {} };
}
