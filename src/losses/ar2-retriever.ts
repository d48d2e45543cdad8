import { z } from "zod";
import { logSumExp, max, mean, softmax, softplus, stopGradient, where } from "../graph/index.js";
import { defineLoss } from "./define.js";
import { teacherOf } from "./teacher.js";

/**
 * λ · adversarial + (1 − λ) · distillation of a ranker's scores z into a retriever's s (Zhang et al. 2022, AR2, eq. 4–6), P = softmax(s):
 * adversarial Σ_j r_j ln P_j with the reward r_j = ln σ(z⁺ − z_j), distillation −Σ_j softmax(z / T)_j ln P_j, rewards and targets constants. The
 * released code sums the first over the batch and averages the second (`advReduction: "sum"`), so that its λ hangs on the batch size, and keeps
 * the positive (`includePositive`, r = ln ½). In log space, where the released code adds 1e-7.
 */
export const ar2Retriever = defineLoss({
  name: "ar2-retriever",
  options: z.strictObject({
    lambda: z.number().min(0).max(1).default(0.5),
    advReduction: z.enum(["mean", "sum"]).default("mean"),
    includePositive: z.boolean().default(true),
    rankerTemperature: z.number().positive().default(1),
  }),
  build: {
    logits: (batch, { lambda, advReduction, includePositive, rankerTemperature }) => {
      const { scores, positive, negative } = batch;
      const listed = positive.or(negative);
      const within = where(listed, scores, Number.NEGATIVE_INFINITY);
      const logP = where(listed, scores.sub(logSumExp(within, 1, { keepDims: true })), 0);
      const ranked = stopGradient(where(listed, teacherOf("ar2-retriever", batch), Number.NEGATIVE_INFINITY));
      const best = max(where(positive, ranked, Number.NEGATIVE_INFINITY), 1, { keepDims: true });
      const rewarded = includePositive ? listed : negative;
      const rewards = where(rewarded, softplus(where(rewarded, ranked.sub(best), 0)).neg(), 0);
      const adversarial = rewards.mul(logP).sum(1);
      const distillation = softmax(ranked.mul(1 / rankerTemperature), 1)
        .mul(logP)
        .sum(1)
        .mean()
        .neg();
      const adversary = advReduction === "mean" ? mean(adversarial) : adversarial.sum();
      return {
        loss: adversary.mul(lambda).add(distillation.mul(1 - lambda)),
        telemetry: { adversarial: adversary, distillation },
      };
    },
  },
});
