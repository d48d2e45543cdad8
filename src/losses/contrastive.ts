import { z } from "zod";
import { maximum, relu, type Tensor, where } from "../graph/index.js";
import { metrics } from "../nn/distances.js";
import { type Compared, comparedLabelled, comparedScored } from "./compared.js";
import { defineLoss } from "./define.js";
import { countOf } from "./masked.js";
import type { LossOutput } from "./types.js";

export const forms = ["linear", "squared", "squared-half"] as const;
type Form = (typeof forms)[number];

const reductions = ["mean", "sum", "mean-per-side", "nonzero-mean-per-side"] as const;

interface Options {
  readonly form: Form;
  readonly margin: number;
  readonly positiveMargin: number;
  readonly reduction: (typeof reductions)[number];
}

const contrastiveLoss = <const N extends string>(
  name: N,
  initial: { readonly form: Form; readonly margin: number; readonly metric: (typeof metrics)[number] },
) =>
  defineLoss({
    name,
    memory: true,
    options: z.strictObject({
      form: z.enum(forms).default(initial.form),
      /** Negatives farther apart than this are left alone; units of the distance. */
      margin: z.number().min(0).default(initial.margin),
      /** Positives nearer than this are left alone. */
      positiveMargin: z.number().min(0).default(0),
      metric: z.enum(metrics).default(initial.metric),
      normalize: z.boolean().default(false),
      /** Over all pairs; or of positives and of negatives (all, or those with a loss above 0) a mean each, added. */
      reduction: z.enum(reductions).default("mean"),
    }),
    build: {
      scored: (batch, options) => contrastive(comparedScored(batch, options), options),
      labelled: (batch, options) => contrastive(comparedLabelled(batch, options), options),
    },
  });

/**
 * max(0, d − m⁺) of positives and max(0, m − d) of negatives, as they are: the form of tutorials, and pytorch-metric-learning's (which then takes
 * `nonzero-mean-per-side` of unit vectors). Also called pairwise ranking loss. Where one side is missing the other remains.
 */
export const contrastiveLinear = contrastiveLoss("contrastive-linear", { form: "linear", margin: 1, metric: "l2" });

/**
 * ½ y d² + ½ (1 − y) max(0, m − d)² (Hadsell, Chopra and LeCun 2006, eq. 4): `squared-half`. Sohn 2016, eq. 1, has no ½: `squared`.
 * sentence-transformers takes cosine distance and m = ½.
 */
export const contrastiveHadsell = contrastiveLoss("contrastive-hadsell", {
  form: "squared-half",
  margin: 0.5,
  metric: "cosine",
});

/** Pulls positives together and pushes negatives apart up to a margin. Without any pair the loss is 0. */
export function contrastive({ distances, positive, negative }: Compared, options: Options): LossOutput {
  const { form, margin, positiveMargin, reduction } = options;
  const shaped = (x: Tensor) => (form === "linear" ? x : form === "squared" ? x.square() : x.square().mul(0.5));
  const sides = [
    { valid: positive, excess: relu(distances.sub(positiveMargin)) },
    { valid: negative, excess: relu(distances.neg().add(margin)) },
  ].map(({ valid, excess }) => {
    const losses = where(valid, shaped(excess), 0);
    return { sum: losses.sum(), all: countOf(valid), active: countOf(losses.greater(0)) };
  }) as [Side, Side];
  return { loss: reduced(sides, reduction), telemetry: telemetry(sides) };
}

interface Side {
  readonly sum: Tensor;
  readonly all: Tensor;
  readonly active: Tensor;
}

function reduced([positives, negatives]: readonly [Side, Side], reduction: Options["reduction"]): Tensor {
  const sum = positives.sum.add(negatives.sum);
  if (reduction === "sum") return sum;
  if (reduction === "mean") return sum.div(maximum(positives.all.add(negatives.all), 1));
  const count = reduction === "mean-per-side" ? "all" : "active";
  return positives.sum.div(maximum(positives[count], 1)).add(negatives.sum.div(maximum(negatives[count], 1)));
}

function telemetry([positives, negatives]: readonly [Side, Side]): Record<string, Tensor> {
  const share = ({ active, all }: Side) => active.div(maximum(all, 1));
  return { activePositiveShare: share(positives), activeNegativeShare: share(negatives) };
}
