import { z } from "zod";
import { logSumExp, takeAlongAxis } from "../graph/index.js";
import { defineLoss } from "./define.js";
import { countOf, meanOf } from "./masked.js";
import type { LossOutput, TokensBatch } from "./types.js";

/**
 * Mean cross-entropy of the tokens of a text, which a decoder has to say again from the one vector of its damaged copy (Wang et al. 2021, TSDAE, eq. 1).
 * Padding does not count. The damage (60 % of words deleted) is a matter of the data, the decoder of the model.
 */
export const tsdae = defineLoss({
  name: "tsdae",
  options: z.strictObject({}),
  build: { tokens: (batch) => tokenCrossEntropy(batch) },
});

/** The mean over the tokens that count. */
export function tokenCrossEntropy({ logits, targets, counted }: TokensBatch): LossOutput {
  const chosen = takeAlongAxis(logits, targets.unsqueeze(1), 1).squeeze(1);
  return { loss: meanOf(logSumExp(logits, 1).sub(chosen), counted), telemetry: { tokens: countOf(counted) } };
}
