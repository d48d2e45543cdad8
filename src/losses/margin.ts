import { z } from "zod";
import { gather, maximum, relu, type Tensor } from "../graph/index.js";
import { pairCountsOf, pairsOf } from "../miners/selection.js";
import { distanceMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { singleClasses, vectorsOf } from "./masked.js";

/**
 * [D_ap − β + m]+ for positives, [β − D_an + m]+ for negatives, with a learned boundary β, on unit vectors. Wu et al. 2017, eq. 6.
 * The sum over pairs, or over both terms of each triplet, divided by the number of terms above 0. The paper draws negatives by distance
 * (a miner) and learns β faster than the encoder.
 */
export const margin = defineLoss({
  name: "margin",
  memory: true,
  options: z.strictObject({
    form: z.enum(["pairs", "triplets"]).default("pairs"),
    /** m, of the Euclidean distance. */
    margin: z.number().min(0).default(0.2),
    /** One boundary for all, or one for each class of anchors. */
    beta: z.enum(["shared", "per-class"]).default("shared"),
    /** β to begin with. */
    initialBeta: z.number().default(1.2),
  }),
  parameters: ({ classes }, { beta, initialBeta }) => [
    { name: "beta", shape: [beta === "shared" ? 1 : classes], initial: initialBeta },
  ],
  build: {
    labelled(batch, { form, margin, beta }, parameters) {
      const { anchors, references } = vectorsOf(batch, { normalize: true });
      const own = beta === "shared" ? parameters("beta") : gather(parameters("beta"), singleClasses(batch));
      const beyond = distanceMatrix(anchors, references, "l2").sub(own.unsqueeze(1));
      const [near, far] = [relu(beyond.add(margin)), relu(beyond.neg().add(margin))];
      const counts = form === "pairs" ? pairsOf(batch) : pairCountsOf(batch);
      const [positive, negative] = [counts.positive.cast("float32"), counts.negative.cast("float32")];
      const over = (term: Tensor) => term.greater(0).cast("float32");
      const total = near.mul(positive).add(far.mul(negative)).sum();
      const active = over(near).mul(positive).add(over(far).mul(negative)).sum();
      return { loss: total.div(maximum(active, 1)), telemetry: { active, beta: own.mean() } };
    },
  },
});
