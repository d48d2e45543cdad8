import { z } from "zod";
import { classCosines, classWeights } from "./class-margins.js";
import { defineLoss } from "./define.js";
import { classMask, meanOf, meanOfRows } from "./masked.js";

/**
 * Mean over rows and classes of (cos θ − 1[own class])²: the loss whose gradient is P2SGrad's, without scale or margin. Zhang et al. 2019,
 * eq. 11, in the form of Wang and Yamagishi 2021.
 */
export const p2sGrad = defineLoss({
  name: "p2s-grad",
  options: z.strictObject({}),
  parameters: (sizes) => classWeights(sizes),
  build: {
    labelled(batch, _, parameters) {
      const cosines = classCosines(batch, parameters("weights"));
      const own = classMask(batch, cosines.length(1));
      return {
        loss: meanOfRows(cosines.sub(own.cast("float32")).square().mean(1), batch),
        telemetry: { positiveScore: meanOf(cosines, own), negativeScore: meanOf(cosines, own.not()) },
      };
    },
  },
});
