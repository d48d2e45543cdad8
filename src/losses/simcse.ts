import { z } from "zod";
import { diagonal, mean } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { crossEntropy, ownOf, softmaxLoss } from "./softmax.js";

const temperature = z.number().positive().default(0.05);

/**
 * Mean cross-entropy of [cos(z1, z2) / t | cos(z1, z3) / t + w · 1(i = j)] (Gao et al. 2021, eq. 1 and 5): the two views are queries and
 * documents, z3 the hard negatives. `hardNegativeWeight` w = ln α weighs a row's own hard negatives alone. One direction, no negatives among
 * the first views: that is what sets it apart from NT-Xent. With w = 0 it is `mnrl`.
 */
export const simcse = defineLoss({
  name: "simcse",
  options: z.strictObject({ temperature, hardNegativeWeight: z.number().default(0) }),
  build: {
    pairs: (batch, { temperature, hardNegativeWeight }) => {
      const logits = similarityMatrix(batch.queries, batch.documents, "cosine", 1 / temperature);
      const positives = diagonal(logits);
      const weighted =
        hardNegativeWeight === 0 ? logits : logits.add(ownOf(batch).cast("float32").mul(hardNegativeWeight));
      const terms = crossEntropy(positives, [{ logits: weighted, negatives: batch.negatives }]);
      return { loss: mean(terms), telemetry: { positiveScore: mean(positives).mul(temperature) } };
    },
  },
});

/**
 * SimCSE with a queue of a momentum encoder's vectors behind the in-batch negatives (Wu et al. 2022, ESimCSE, eq. 3). Queue entries are
 * constants; before the first batch is in it, the loss is SimCSE's. The other half of the method, word repetition, is a matter of the data.
 */
export const esimcse = defineLoss({
  name: "esimcse",
  queue: true,
  options: z.strictObject({ temperature }),
  build: {
    pairs: (batch, { temperature }) =>
      softmaxLoss(batch, { scale: 1 / temperature, similarity: "cosine", softmaxes: [["query_to_doc"]] }),
  },
});
