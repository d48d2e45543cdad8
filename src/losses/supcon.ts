import { z } from "zod";
import { log } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { anyOf, countOf, logSumExpOf, meanOf } from "./masked.js";

/**
 * Supervised contrastive loss: for an anchor i with positives P and all others A, with z = cos / t,
 * `out`: −mean_{p ∈ P} (z_ip − ln Σ_{a ∈ A} e^{z_ia}); `in`: −ln(mean_{p ∈ P} e^{z_ip}) + ln Σ_{a ∈ A} e^{z_ia}. The mean is over anchors
 * with a positive. Khosla et al. 2020, eq. 2 and 3. With one positive an anchor it is NT-Xent over views; multi-positive InfoNCE is `in`.
 * The authors' code multiplies by t / 0.07. pytorch-metric-learning gives 0 where all items are of one class, the formula does not.
 */
export const supcon = defineLoss({
  name: "supcon",
  memory: true,
  options: z.strictObject({
    temperature: z.number().positive().default(0.1),
    /** Whether the mean over positives stands outside or inside of the logarithm. */
    variant: z.enum(["out", "in"]).default("out"),
  }),
  build: {
    labelled(batch, { temperature, variant }) {
      const { positive, negative } = pairsOf(batch);
      const z = similarityMatrix(batch.embeddings, batch.references, "cosine", 1 / temperature);
      const all = logSumExpOf(z, positive.or(negative));
      const attracted =
        variant === "out" ? meanOf(z, positive, 1) : logSumExpOf(z, positive).sub(log(countOf(positive, 1)));
      const anchors = anyOf(positive);
      return { loss: meanOf(all.sub(attracted), anchors), telemetry: { anchors: countOf(anchors) } };
    },
  },
});
