import { inputError, notImplemented } from "../base/errors.js";
import { losses } from "./catalogue.js";
import type { LossFactory } from "./define.js";
import type { Loss } from "./types.js";

type Factory = (typeof losses)[number];

/** Names of the losses. */
export type LossName = Factory["name"];

/** The options of a loss. */
export type LossOptions<N extends LossName> = NonNullable<Parameters<Named<N>["create"]>[0]>;

/** The batches that a loss can be given. */
export type LossKinds<N extends LossName> = Named<N>["kinds"][number];

type Named<N extends LossName> = Extract<Factory, { readonly name: N }>;

/** Names of losses of the catalogue that are not built yet. */
const planned = new Set(
  (
    "alignment angle angular ar2-ranker ar2-retriever arcface batch-all-triplet batch-hard-soft-margin-triplet batch-hard-triplet " +
    "batch-semi-hard-triplet bce-with-logits bpr circle contrastive-hadsell contrastive-linear cosent cosface cosine-embedding " +
    "cosine-hinge cosine-similarity-mse distill-kl esimcse fastap generalized-lifted-structure gist gor gte-joint lifted-structure " +
    "margin margin-mse margin-ranking matryoshka-mnrl mega-batch-margin mochi moco multi-positive-listwise multi-similarity n-pair-mc " +
    "n-plus-1-tuplet nca normalized-softmax nt-xent online-contrastive proxy-anchor proxy-nca sampled-softmax-logq self-adversarial " +
    "simcse softmax-cross-entropy supcon triplet-smooth triplet-soft-margin tuplet-margin uniformity vicreg"
  ).split(" "),
);

/** A loss of the catalogue: `loss("circle", { m: 0.25 })`. */
export function loss<N extends LossName>(name: N, options?: LossOptions<N>): Loss<LossKinds<N>> {
  return lossOf(name).create(options) as Loss<LossKinds<N>>;
}

/** A loss by a name that is known only at run time. Throws `unknown-loss`, or `not-implemented` for a known name without code. */
export function lossOf(name: string): LossFactory {
  const found = losses.find((factory) => factory.name === name);
  if (found !== undefined) return found as LossFactory;
  if (planned.has(name)) throw notImplemented(`the loss ${name}`);
  throw inputError("unknown-loss", "no loss has this name", {
    found: name,
    expected: losses.map((factory) => factory.name).join(", "),
  });
}

/**
 * A loss as a configuration names it: `scale` and `margin`, where given, are those options of the loss; a loss with a temperature takes
 * its inverse for the scale.
 */
export function configuredLoss(
  name: string,
  given: {
    readonly scale: number | null;
    readonly margin: number | null;
    readonly params: Readonly<Record<string, unknown>>;
  },
): Loss {
  const factory = lossOf(name);
  const understood = factory.options.shape;
  const { scale, margin, params } = given;
  return factory.create({
    ...(scale === null
      ? {}
      : "scale" in understood || !("temperature" in understood)
        ? { scale }
        : { temperature: 1 / scale }),
    ...(margin === null ? {} : { margin }),
    ...params,
  });
}
