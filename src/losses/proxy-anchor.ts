import { z } from "zod";
import { softplus } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { anyOf, classMask, countOf, logSumExpOf, meanOf, selectedRows } from "./masked.js";

/**
 * 1/|P⁺| Σ_{p ∈ P⁺} ln(1 + Σ_{x of p} e^{−α (s − δ)}) + 1/|P| Σ_p ln(1 + Σ_{x not of p} e^{α (s + δ)}): each class's learned proxy is the anchor,
 * the rows are its positives and negatives; P⁺ are the proxies with rows in the batch. Kim et al. 2020, eq. 4.
 */
export const proxyAnchor = defineLoss({
  name: "proxy-anchor",
  options: z.strictObject({
    alpha: z.number().positive().default(32),
    /** δ, of the cosine. */
    margin: z.number().default(0.1),
    similarity: z.literal("cosine").default("cosine"),
  }),
  parameters: ({ classes, dimension }) => [
    { name: "proxies", shape: [classes, dimension], initial: { deviation: dimension ** -0.5 } },
  ],
  build: {
    labelled(batch, { alpha, margin }, parameters) {
      const proxies = parameters("proxies");
      const of = classMask(batch, proxies.length(0)).transpose();
      const rows = selectedRows(batch);
      const [positive, negative] = rows === undefined ? [of, of.not()] : [of.and(rows), of.not().and(rows)];
      const s = similarityMatrix(proxies, batch.embeddings, "cosine");
      const attracted = softplus(logSumExpOf(s.sub(margin).mul(-alpha), positive));
      const repelled = softplus(logSumExpOf(s.add(margin).mul(alpha), negative));
      const present = anyOf(positive);
      return {
        loss: meanOf(attracted, present).add(repelled.mean()),
        telemetry: { proxiesWithPositives: countOf(present) },
      };
    },
  },
});
