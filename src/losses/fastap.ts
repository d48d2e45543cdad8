import { z } from "zod";
import { cumulativeSum, maximum } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { anyOf, countOf, meanOf } from "./masked.js";
import { placesOf, softHistogram } from "./soft-histogram.js";

/**
 * 1 − average precision, of histograms of the squared distances of unit vectors: mean over anchors with a positive of
 * 1 − 1/|P| Σ_k h⁺_k H⁺_k / H_k, with soft counts h in bin k and H up to it. Cakir et al. 2019, eq. 12.
 */
export const fastap = defineLoss({
  name: "fastap",
  memory: true,
  options: z.strictObject({ bins: z.int().min(1).default(10) }),
  build: {
    labelled(batch, { bins }) {
      const { positive, negative } = pairsOf(batch);
      const cosines = similarityMatrix(batch.embeddings, batch.references, "cosine");
      const places = placesOf(cosines.mul(-2).add(2), { from: 0, to: 4, bins });
      const near = softHistogram(places, positive);
      const nearOrFar = cumulativeSum(near.add(softHistogram(places, negative)), 1);
      const empty = nearOrFar.equal(0).cast("float32");
      const hits = near.mul(cumulativeSum(near, 1)).div(nearOrFar.add(empty)).sum(1);
      const anchors = anyOf(positive);
      const losses = hits
        .div(maximum(countOf(positive, 1), 1))
        .neg()
        .add(1);
      return { loss: meanOf(losses, anchors), telemetry: { anchors: countOf(anchors) } };
    },
  },
});
