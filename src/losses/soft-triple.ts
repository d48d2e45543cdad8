import { z } from "zod";
import { softmax } from "../graph/index.js";
import { classCosines, cosineMarginSoftmax } from "./class-margins.js";
import { defineLoss } from "./define.js";

/**
 * Several learned centres a class: S_c = Σ_k softmax_k(s_ck / γ) s_ck, then softmax cross-entropy of λ S, where the own class has λ (S − δ).
 * Qian et al. 2019, eq. 8. `centers` are class by class.
 */
export const softTriple = defineLoss({
  name: "soft-triple",
  options: z.strictObject({
    centers: z.int().min(1).default(10),
    /** λ. */
    scale: z.number().positive().default(20),
    /** γ: how sharply a row chooses among the centres of a class. */
    gamma: z.number().positive().default(0.1),
    /** δ. */
    margin: z.number().min(0).default(0.01),
  }),
  parameters: ({ classes, dimension }, { centers }) => [
    { name: "centers", shape: [classes * centers, dimension], initial: { deviation: dimension ** -0.5 } },
  ],
  build: {
    labelled(batch, { centers, scale, gamma, margin }, parameters) {
      const all = classCosines(batch, parameters("centers"));
      const grouped = all.reshape([all.length(0), -1, centers]);
      const relaxed = softmax(grouped.mul(1 / gamma), 2)
        .mul(grouped)
        .sum(2);
      return cosineMarginSoftmax(batch, relaxed, { scale, target: (similarity) => similarity.sub(margin) });
    },
  },
});
