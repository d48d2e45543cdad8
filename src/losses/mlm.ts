import { z } from "zod";
import { defineLoss } from "./define.js";
import { tokenCrossEntropy } from "./tsdae.js";

/**
 * Mean cross-entropy of the tokens that were masked, guessed from their surroundings (Devlin et al. 2019). Masking is a matter of the data; every visit of a text
 * is masked anew (Liu et al. 2019).
 */
export const mlm = defineLoss({
  name: "mlm",
  options: z.strictObject({
    /** The part of a text's tokens that is to be guessed. */
    share: z.number().min(0.01).max(0.9).default(0.15),
    /** Of these, the part that the mask token stands for. */
    masked: z.number().min(0).max(1).default(0.8),
    /** Of these, the part that a random token stands for; the others stay as they are. */
    replaced: z.number().min(0).max(1).default(0.1),
  }),
  build: { tokens: (batch) => tokenCrossEntropy(batch) },
});
