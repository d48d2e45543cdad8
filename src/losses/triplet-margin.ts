import { z } from "zod";
import { metrics } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { tripletOfLabels, tripletOfPairs } from "./triplet.js";

const options = z.strictObject({
  margin: z.number().min(0).default(0.2),
  metric: z.enum(metrics).default("cosine"),
  normalize: z.boolean().default(false),
  reduction: z.enum(["mean", "mean-nonzero"]).default("mean"),
  activation: z.literal("hinge").default("hinge"),
  swap: z.boolean().default(false),
});
const smooth = options.extend({ activation: z.literal("softplus").default("softplus") });

/**
 * max(0, d(a, p) − d(a, n) + margin). Schultz and Joachims 2003; Weinberger and Saul 2009; Schroff et al. 2015, eq. 3 (squared L2 on unit vectors).
 * `swap` measures the negative from the nearer of anchor and positive (Balntas et al. 2016). Also called ranking, hinge or max-margin loss.
 * Without a valid triplet the loss is 0.
 */
export const tripletMargin = defineLoss({
  name: "triplet-margin",
  options,
  scope: "own",
  memory: true,
  build: { pairs: tripletOfPairs, labelled: tripletOfLabels },
});

/** ln(1 + exp(d(a, p) − d(a, n) + margin)): the hinge made smooth; every triplet keeps some pull. */
export const tripletSmooth = defineLoss({
  name: "triplet-smooth",
  options: smooth,
  scope: "own",
  memory: true,
  build: { pairs: tripletOfPairs, labelled: tripletOfLabels },
});

/**
 * ln(1 + exp(d(a, p) − d(a, n))), without a margin (Hermans et al. 2017, §3.2). On unit vectors the difference is at most 2, so the loss never
 * gets near 0: meant for vectors that are not normalised.
 */
export const tripletSoftMargin = defineLoss({
  name: "triplet-soft-margin",
  options: smooth.omit({ margin: true, swap: true }),
  scope: "own",
  memory: true,
  build: {
    pairs: (batch, options) => tripletOfPairs(batch, { ...options, margin: 0, swap: false }),
    labelled: (batch, options) => tripletOfLabels(batch, { ...options, margin: 0, swap: false }),
  },
});

/**
 * max(0, margin − cos(q, a⁺) + cos(q, a⁻)), the hinge of answer selection (Feng et al. 2015, eq. 2): `triplet-margin` of cosine distance under the
 * name it has there.
 */
export const cosineHinge = defineLoss({
  name: "cosine-hinge",
  options: options.pick({ margin: true }),
  scope: "own",
  build: {
    pairs: (batch, { margin }) =>
      tripletOfPairs(batch, {
        margin,
        metric: "cosine",
        normalize: false,
        reduction: "mean",
        activation: "hinge",
        swap: false,
      }),
  },
});
