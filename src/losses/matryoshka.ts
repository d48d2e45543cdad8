import { z } from "zod";
import { inputError } from "../base/errors.js";
import { l2Normalize, slice, type Tensor } from "../graph/index.js";
import { defineLoss } from "./define.js";
import { mnrl } from "./multiple-negatives.js";
import type { Loss, LossOutput, PairBatch, ScoredBatch } from "./types.js";

export interface MatryoshkaOptions {
  /** How many leading dimensions, e.g. [384, 128, 32]. */
  readonly dims: readonly number[];
  /** One for each of `dims`; absent: 1. */
  readonly weights?: readonly number[];
}

/**
 * Σ_d w_d · L(normalize(x[:d])): leading parts of a vector are made vectors of their own (Kusupati et al. 2022, eq. 1). Over any loss of pairs or
 * scored pairs. A sum, as in sentence-transformers; FlagEmbedding takes the mean. Throws `bad-option` for dims and weights of different lengths.
 */
export function matryoshka<K extends "pairs" | "scored">(inner: Loss<K>, options: MatryoshkaOptions): Loss<K> {
  const { dims, weights = dims.map(() => 1) } = options;
  if (dims.length === 0 || weights.length !== dims.length) {
    throw inputError("bad-option", "matryoshka: dims and weights must be as many, at least one", {
      found: `${dims.length} dims, ${weights.length} weights`,
    });
  }
  const over =
    <B extends K>(kind: B): Loss<K>["build"][B] =>
    (batch, parameters) => {
      const terms = dims.map((dim, i) => ({
        weight: weights[i] as number,
        ...inner.build[kind](truncated(kind, batch, dim), parameters),
      }));
      const loss = terms.map(({ loss, weight }) => loss.mul(weight)).reduce((sum, one) => sum.add(one));
      const byDimension = terms.map(({ loss }, i) => [`loss@${dims[i]}`, loss] as const);
      return { loss, telemetry: { ...(terms[0] as LossOutput).telemetry, ...Object.fromEntries(byDimension) } };
    };
  const build = Object.fromEntries(
    (Object.keys(inner.build) as K[]).filter(isTruncated).map((kind) => [kind, over(kind)]),
  );
  if (Object.keys(build).length === 0) {
    throw inputError("bad-option", "matryoshka: the loss inside must be over pairs or scored pairs", {
      found: inner.name,
    });
  }
  return {
    ...inner,
    name: `matryoshka(${inner.name})`,
    options: { ...inner.options, dims, weights },
    build: build as Loss<K>["build"],
  };
}

/** `matryoshka` over `mnrl`, by a name of its own. */
export const matryoshkaMnrl = defineLoss({
  name: "matryoshka-mnrl",
  options: z.strictObject({
    dims: z.array(z.number().int().positive()).min(1),
    weights: z.array(z.number().min(0)).optional(),
    scale: z.number().positive().default(20),
    similarity: z.enum(["cosine", "dot"]).default("cosine"),
  }),
  build: {
    pairs: (batch, { dims, weights, scale, similarity }, parameters) =>
      matryoshka(mnrl.create({ scale, similarity }), { dims, ...(weights && { weights }) }).build.pairs(
        batch,
        parameters,
      ),
  },
});

const isTruncated = (kind: string): boolean => kind === "pairs" || kind === "scored";

function truncated<B>(kind: "pairs" | "scored", batch: B, dim: number): B {
  const cut = (x: Tensor) => {
    const width = x.length(1);
    if (typeof width === "number" && dim > width)
      throw inputError("bad-option", `matryoshka: ${dim} of ${width} dimensions`);
    return l2Normalize(slice(x, 1, 0, dim));
  };
  if (kind === "scored") {
    const { first, second } = batch as ScoredBatch;
    return { ...batch, first: cut(first), second: cut(second) };
  }
  const { queries, documents, queue } = batch as PairBatch;
  return {
    ...batch,
    queries: cut(queries),
    documents: cut(documents),
    ...(queue && { queue: { ...queue, vectors: cut(queue.vectors) } }),
  };
}
