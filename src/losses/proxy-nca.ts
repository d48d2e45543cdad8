import { z } from "zod";
import { where } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { classMask, crossEntropy, logSumExpOf, meanOfRows, sumOf } from "./masked.js";

/**
 * c d²(x, p_y) + ln Σ_k e^{−c d²(x, p_k)} with a learned proxy p for each class, all of unit length. Movshovitz-Attias et al. 2017 leave the
 * row's own proxy out of the sum, so that the loss has no lower bound of 0; with it this is NCA++ (Teh et al. 2020), which is also normalised
 * softmax with temperature 1 / 2c. pytorch-metric-learning has only the latter.
 */
export const proxyNca = defineLoss({
  name: "proxy-nca",
  options: z.strictObject({
    /** c. The tuned values that are published lie between 8 and 14. */
    scale: z.number().positive().default(8),
    positiveInDenominator: z.boolean().default(true),
  }),
  parameters: ({ classes, dimension }) => [
    { name: "proxies", shape: [classes, dimension], initial: { deviation: dimension ** -0.5 } },
  ],
  build: {
    labelled(batch, { scale, positiveInDenominator }, parameters) {
      const proxies = parameters("proxies");
      const own = classMask(batch, proxies.length(0));
      // d² = 2 − 2 cos, and the 2 cancels.
      const z = similarityMatrix(batch.embeddings, proxies, "cosine", 2 * scale);
      const others = logSumExpOf(z, own.not());
      const original = where(others.equal(-Infinity), 0, others.sub(sumOf(z, own, 1)));
      const losses = positiveInDenominator ? crossEntropy(z, own) : original;
      return { loss: meanOfRows(losses, batch), telemetry: {} };
    },
  },
});
