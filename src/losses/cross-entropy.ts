import { z } from "zod";
import { argMax, logSumExp, takeAlongAxis } from "../graph/index.js";
import { defineLoss } from "./define.js";

/** mean [ ln Σ_k e^{x_k} − x_y ]: the class y among the logits x that a cross-encoder with several labels gives a pair. */
export const crossEntropy = defineLoss({
  name: "cross-entropy",
  options: z.strictObject({}),
  build: {
    points: ({ logits, labels }) => {
      const classes = labels.cast("int32");
      const right = takeAlongAxis(logits, classes.unsqueeze(1), 1).squeeze(1);
      return {
        loss: logSumExp(logits, 1).sub(right).mean(),
        telemetry: { accuracy: argMax(logits, 1).equal(classes).cast("float32").mean() },
      };
    },
  },
});
