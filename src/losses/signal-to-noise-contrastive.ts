import { z } from "zod";
import { maximum, relu, type Tensor } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { distanceMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { countOf, meanOf, vectorsOf } from "./masked.js";

/**
 * Contrastive loss on d(a, b) = var(a − b) / var(a), the noise by the anchor's signal, variances over the dimensions: the mean of [d − m⁺]+ over
 * positives above 0, plus that of [m − d]+ over negatives. Yuan et al. 2019, eq. 5 and 8. d is not symmetric.
 */
export const signalToNoiseContrastive = defineLoss({
  name: "signal-to-noise-contrastive",
  memory: true,
  options: z.strictObject({
    positiveMargin: z.number().default(0),
    negativeMargin: z.number().default(1),
    normalize: z.boolean().default(true),
  }),
  build: {
    labelled(batch, { positiveMargin, negativeMargin, normalize }) {
      const given = vectorsOf(batch, { normalize });
      const { positive, negative } = pairsOf(batch);
      const anchors = centred(given.anchors);
      const references = given.references === given.anchors ? anchors : centred(given.references);
      // A constant row has no signal; float32 would find some.
      const signal = maximum(anchors.square().sum(1, { keepDims: true }), 1e-12);
      const ratios = distanceMatrix(anchors, references, "l2-squared").div(signal);
      const near = relu(ratios.sub(positiveMargin));
      const far = relu(ratios.neg().add(negativeMargin));
      const [activeNear, activeFar] = [positive.and(near.greater(0)), negative.and(far.greater(0))];
      return {
        loss: meanOf(near, activeNear).add(meanOf(far, activeFar)),
        telemetry: { activePositives: countOf(activeNear), activeNegatives: countOf(activeFar) },
      };
    },
  },
});

const centred = (x: Tensor) => x.sub(x.mean(1, { keepDims: true }));
