import { inputError, notImplemented } from "../base/errors.js";
import type { Direction } from "./multiple-negatives.js";
import { multipleNegatives } from "./multiple-negatives.js";
import { tripletMarginOfPairs } from "./triplet-margin.js";
import type { PairLoss } from "./types.js";

/** Options of the losses over pairs; each loss reads what it needs. */
export interface PairLossOptions {
  /** Factor on the similarity, 1 / temperature. Default 20. */
  readonly scale?: number;
  readonly similarity?: "cosine" | "dot";
  /** Units of the loss's distance. Default 0.2 (cosine distance). */
  readonly margin?: number;
}

/** Names of the losses over pairs. */
export type LossName =
  | "mnrl"
  | "mnrl-masked"
  | "mnrl-hard-negatives"
  | "info-nce"
  | "mnrl-symmetric"
  | "triplet-margin";

const softmaxDirections: ReadonlyMap<string, readonly Direction[]> = new Map<LossName, readonly Direction[]>([
  ["mnrl", ["query_to_doc"]],
  ["mnrl-masked", ["query_to_doc"]],
  ["mnrl-hard-negatives", ["query_to_doc"]],
  ["info-nce", ["query_to_doc"]],
  ["mnrl-symmetric", ["query_to_doc", "doc_to_query"]],
]);

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

/** A loss over pairs by its name. Throws `unknown-loss`, or `not-implemented` for a known name without code. */
export function pairLoss(name: string, options: PairLossOptions = {}): PairLoss {
  const directions = softmaxDirections.get(name);
  if (directions !== undefined) {
    const { scale = 20, similarity = "cosine" } = options;
    return {
      name,
      scope: "batch",
      scale,
      build: (batch) => multipleNegatives(batch, { scale, similarity, directions }),
    };
  }
  if (name === "triplet-margin") {
    const margin = options.margin ?? 0.2;
    const settings = { margin, metric: "cosine", normalize: false, reduction: "mean", swap: false } as const;
    return { name, scope: "own", scale: 1, build: (batch) => tripletMarginOfPairs(batch, settings) };
  }
  if (planned.has(name)) throw notImplemented(`the loss ${name}`);
  throw inputError("unknown-loss", "no loss has this name", {
    found: name,
    expected: [...softmaxDirections.keys(), "triplet-margin"].join(", "),
  });
}
