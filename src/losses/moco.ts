import { z } from "zod";
import { inputError } from "../base/errors.js";
import { stopGradient } from "../graph/index.js";
import { defineLoss } from "./define.js";
import { softmaxLoss } from "./softmax.js";
import type { PairBatch } from "./types.js";

/**
 * Mean cross-entropy of [q·k | q·queueᵀ] / t on unit vectors, label 0 (He et al. 2020, algorithm 1). Documents are the momentum encoder's keys: they
 * and the queue are constants. Other rows' keys are no negatives; a key enters the queue after the step.
 */
export const moco = defineLoss({
  name: "moco",
  scope: "own",
  queue: true,
  options: z.strictObject({ temperature: z.number().positive().default(0.07) }),
  build: {
    pairs: (batch, { temperature }) =>
      softmaxLoss(withConstantKeys(batch), {
        scale: 1 / temperature,
        similarity: "cosine",
        softmaxes: [["query_to_doc"]],
      }),
  },
});

function withConstantKeys(batch: PairBatch): PairBatch {
  if (batch.queue === undefined) throw inputError("bad-batch", "moco: the batch has no queue");
  return { ...batch, documents: stopGradient(batch.documents) };
}
