import { z } from "zod";
import { ones, softmax, softplus, stopGradient, where } from "../graph/index.js";
import { defineLoss } from "./define.js";
import { weightedMean } from "./listwise.js";

/**
 * Self-adversarial negative sampling (Sun et al. 2019, RotatE, eq. 5–6). With f = γ + score, the score being minus a distance: the positive part is
 * −ln σ(f⁺), the negative part −Σ_i w_i ln σ(−f_i) with the constant weights w = softmax(α f). `sum` adds their means (paper), `half` halves
 * that (reference code). The batch's `weights` are the subsampling weights, relative to their sum. One positive a row.
 */
export const selfAdversarial = defineLoss({
  name: "self-adversarial",
  options: z.strictObject({
    /** γ. */
    gamma: z.number().default(12),
    /** α; 0 weighs all negatives alike. */
    adversarialTemperature: z.number().min(0).default(1),
    reduction: z.enum(["sum", "half"]).default("half"),
  }),
  build: {
    logits: ({ scores, positive, negative, weights }, { gamma, adversarialTemperature, reduction }) => {
      const f = scores.add(gamma);
      const over = where(negative, f.mul(adversarialTemperature), Number.NEGATIVE_INFINITY);
      const pulls = where(positive, softplus(f.neg()), 0).sum(1);
      const pushes = stopGradient(softmax(over, 1))
        .mul(where(negative, softplus(f), 0))
        .sum(1);
      const rows = weights ?? ones([scores.length(0)]);
      const [pull, push] = [weightedMean(pulls, rows), weightedMean(pushes, rows)] as const;
      return { loss: pull.add(push).mul(reduction === "half" ? 0.5 : 1), telemetry: { pull, push } };
    },
  },
});
