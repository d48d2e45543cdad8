import { z } from "zod";
import { softplus } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { similarityMatrix } from "../nn/distances.js";
import { cosineOfShifted, radians } from "./angles.js";
import { defineLoss } from "./define.js";
import { countOf, logSumExpOf, meanOf } from "./masked.js";

/**
 * Mean over positive pairs of ln(1 + Σ_n e^{s (cos θ_an − cos(θ_ap − β))}): NT-Xent with a slack on the positive's angle.
 * Yu and Tao 2019, eq. 6. The log-sum over negatives is taken once a row. pytorch-metric-learning is NaN at equal rows.
 */
export const tupletMargin = defineLoss({
  name: "tuplet-margin",
  memory: true,
  options: z.strictObject({
    /** β: how far a positive may turn away at no cost. */
    marginDegrees: z.number().min(0).default(5.73),
    /** s. */
    scale: z.number().positive().default(64),
  }),
  build: {
    labelled(batch, { marginDegrees, scale }) {
      const { positive, negative } = pairsOf(batch);
      const cosines = similarityMatrix(batch.embeddings, batch.references, "cosine");
      const repelled = logSumExpOf(cosines.mul(scale), negative).unsqueeze(1);
      const attracted = cosineOfShifted(cosines, -radians(marginDegrees)).mul(scale);
      return {
        loss: meanOf(softplus(repelled.sub(attracted)), positive),
        telemetry: { positivePairs: countOf(positive) },
      };
    },
  },
});
