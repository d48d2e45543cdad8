import { z } from "zod";
import { max, min, relu, where } from "../graph/index.js";
import { metrics } from "../nn/distances.js";
import { type Compared, comparedLabelled, comparedScored } from "./compared.js";
import { defineLoss } from "./define.js";
import { countOf, meanOf } from "./masked.js";
import type { LossOutput } from "./types.js";

/**
 * Squared contrastive loss, summed over the hard pairs alone, as sentence-transformers has it: hard negatives are nearer than the farthest
 * positive, hard positives farther than the nearest negative. Where the other side has at most one pair, the mean of the own side is the
 * threshold. Which pairs are hard is a constant to the gradient. L = Σ d⁺² + Σ max(0, m − d⁻)²: a sum without ½.
 */
export const onlineContrastive = defineLoss({
  name: "online-contrastive",
  memory: true,
  options: z.strictObject({
    metric: z.enum(metrics).default("cosine"),
    margin: z.number().min(0).default(0.5),
    normalize: z.boolean().default(false),
  }),
  build: {
    scored: (batch, options) => hardPairs(comparedScored(batch, options), options.margin),
    labelled: (batch, options) => hardPairs(comparedLabelled(batch, options), options.margin),
  },
});

function hardPairs({ distances, positive, negative }: Compared, margin: number): LossOutput {
  const farthest = max(where(positive, distances, Number.NEGATIVE_INFINITY));
  const nearest = min(where(negative, distances, Number.POSITIVE_INFINITY));
  const limit = where(countOf(positive).greater(1), farthest, meanOf(distances, negative));
  const floor = where(countOf(negative).greater(1), nearest, meanOf(distances, positive));
  // Written so that a distance of NaN is kept, and seen in the loss.
  const hardNegative = negative.and(distances.greaterOrEqual(limit).not());
  const hardPositive = positive.and(distances.lessOrEqual(floor).not());
  const pulls = where(hardPositive, distances.square(), 0).sum();
  const pushes = where(hardNegative, relu(distances.neg().add(margin)).square(), 0).sum();
  return {
    loss: pulls.add(pushes),
    telemetry: { hardPositives: countOf(hardPositive), hardNegatives: countOf(hardNegative) },
  };
}
