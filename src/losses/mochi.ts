import { z } from "zod";
import { inputError } from "../base/errors.js";
import {
  concat,
  diagonal,
  gather,
  l2Normalize,
  mean,
  slice,
  stopGradient,
  type Tensor,
  takeAlongAxis,
  topK,
  where,
} from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { crossEntropy } from "./softmax.js";
import type { PairBatch } from "./types.js";

/**
 * MoCo with synthetic negatives (Kalantidis et al. 2020, MoCHi, §3.2–3.3). Of each query's `topN` hardest queue entries n, pairs are mixed,
 * h = norm(α n_i + (1 − α) n_j), and entries with the query itself, h' = norm(β q + (1 − β) n_j), β ≤ ½; h and h' are further negatives,
 * constants to the gradient. Which ranks and shares is the batch's `mixing`. What is made of an entry that is no negative of the row is none either.
 */
export const mochi = defineLoss({
  name: "mochi",
  scope: "own",
  queue: true,
  options: z.strictObject({
    temperature: z.number().positive().default(0.2),
    topN: z.number().int().positive().default(1024),
    similarity: z.literal("cosine").default("cosine"),
  }),
  build: {
    pairs: (batch, { temperature, topN, similarity }) => {
      const { queue, pairs, withQuery } = neededOf(batch);
      const queries = l2Normalize(batch.queries);
      const entries = l2Normalize(stopGradient(queue.vectors));
      const scale = 1 / temperature;
      const own = similarityMatrix(queries, stopGradient(batch.documents), similarity, scale);
      const inQueue = similarityMatrix(queries, entries, similarity, scale);
      const hardest = topK(stopGradient(where(queue.negatives, inQueue, Number.NEGATIVE_INFINITY)), topN, 1).indices;
      const valid = takeAlongAxis(queue.negatives.cast("float32"), hardest, 1);
      // The entry of some rank in each row's list, [rows, s, d], and whether it is a negative of the row.
      const entryOf = (choices: Tensor, at: number) => {
        const ranks = column(choices, at).cast("int32");
        return {
          vectors: gather(entries, takeAlongAxis(hardest, ranks, 1)),
          valid: takeAlongAxis(valid, ranks, 1).greater(0),
        };
      };
      const [first, second, other] = [entryOf(pairs, 0), entryOf(pairs, 1), entryOf(withQuery, 0)];
      const made = concat(
        [
          mixed(first.vectors, second.vectors, column(pairs, 2)),
          mixed(stopGradient(queries).unsqueeze(1), other.vectors, column(withQuery, 1)),
        ],
        1,
      );
      const losses = crossEntropy(diagonal(own), [
        { logits: own, negatives: batch.negatives },
        { logits: inQueue, negatives: queue.negatives },
        {
          logits: queries.unsqueeze(1).matmul(made, { transposeB: true, alpha: scale }).squeeze(1),
          negatives: concat(
            [first.valid.and(second.valid), other.valid].map((one) => one.cast("float32")),
            1,
          ).greater(0),
        },
      ]);
      return { loss: mean(losses), telemetry: { positiveScore: mean(diagonal(own)).mul(temperature) } };
    },
  },
});

/** norm(share · a + (1 − share) · b), as a constant. */
function mixed(a: Tensor, b: Tensor, share: Tensor): Tensor {
  const part = share.unsqueeze(2);
  return stopGradient(l2Normalize(a.mul(part).add(b.mul(part.neg().add(1)))));
}

/** One of the numbers of each choice, [rows, s]. */
function column(choices: Tensor, at: number): Tensor {
  return slice(choices, 2, at, at + 1).squeeze(2);
}

function neededOf({ queue, mixing }: PairBatch) {
  if (queue === undefined || mixing === undefined) {
    throw inputError("bad-batch", "mochi: the batch has no queue, or no choices to mix by");
  }
  return { queue, ...mixing };
}
