import { z } from "zod";
import { classCosines, classWeights, cosineMarginSoftmax } from "./class-margins.js";
import { defineLoss } from "./define.js";

/**
 * Softmax over s cos θ to the class weights, where the own class has s (cos θ − m). Wang et al. 2018, eq. 4 (CosFace, large margin cosine
 * loss); AM-Softmax (Wang et al. 2018b) is the same.
 */
export const cosface = defineLoss({
  name: "cosface",
  options: z.strictObject({
    kind: z.literal("cosface").default("cosface"),
    margin: z.number().default(0.35),
    scale: z.number().positive().default(64),
  }),
  parameters: (sizes) => classWeights(sizes),
  build: {
    labelled: (batch, { scale, margin }, parameters) =>
      cosineMarginSoftmax(batch, classCosines(batch, parameters("weights")), {
        scale,
        target: (cosine) => cosine.sub(margin),
      }),
  },
});

/**
 * Softmax over cos / t to the class weights. Zhai and Wu 2019 (classification as metric learning); NormFace (Wang et al. 2017); cosine
 * classifier; proxy-NCA with its own proxy in the sum and scale 1 / 2t.
 */
export const normalizedSoftmax = defineLoss({
  name: "normalized-softmax",
  options: z.strictObject({
    kind: z.literal("softmax").default("softmax"),
    temperature: z.number().positive().default(0.05),
  }),
  parameters: (sizes) => classWeights(sizes),
  build: {
    labelled: (batch, { temperature }, parameters) =>
      cosineMarginSoftmax(batch, classCosines(batch, parameters("weights")), {
        scale: 1 / temperature,
        target: (cosine) => cosine,
      }),
  },
});
