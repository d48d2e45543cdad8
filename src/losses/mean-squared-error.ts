import { z } from "zod";
import { mean, sigmoid } from "../graph/index.js";
import { defineLoss } from "./define.js";

/** mean (f(x) − y)²: the score of a cross-encoder against the one that was given. */
export const meanSquaredError = defineLoss({
  name: "mean-squared-error",
  options: z.strictObject({
    /** f, what makes a score of a logit: the sigmoid for scores 0 … 1. */
    activation: z.enum(["sigmoid", "identity"]).default("sigmoid"),
  }),
  build: {
    points: ({ logits, labels }, { activation }) => {
      const scores = logits.squeeze(1);
      const given = activation === "sigmoid" ? sigmoid(scores) : scores;
      return { loss: mean(given.sub(labels).square()), telemetry: {} };
    },
  },
});
