import { z } from "zod";
import {
  eye,
  iota,
  l2Normalize,
  logSumExp,
  maximum,
  mean,
  relu,
  size,
  slice,
  type Tensor,
  where,
} from "../graph/index.js";
import { rowDistance, safeSqrt, similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import type { LossOutput, PairBatch, VectorsBatch } from "./types.js";

/** Queries and documents as columns: what a regulariser of vectors sees of pairs. */
const columnsOf = ({ queries, documents }: PairBatch): VectorsBatch => ({ columns: [queries, documents] });

/** The mean over columns of terms by name. */
function meanOfColumns<K extends string>(
  { columns }: VectorsBatch,
  terms: (x: Tensor) => Record<K, Tensor>,
): Record<K, Tensor> {
  const found = columns.map(terms);
  const names = Object.keys(found[0] ?? {}) as K[];
  const total = (name: K) => found.map((one) => one[name]).reduce((sum, one) => sum.add(one));
  return Object.fromEntries(names.map((name) => [name, total(name).mul(1 / columns.length)])) as Record<K, Tensor>;
}

/**
 * Global orthogonal regularisation (Zhang et al. 2017, eq. 5): of the cosines of all pairs of different rows of a column, w_m · (mean)² + w_s ·
 * max(0, mean of squares − 1/D), what random directions would have. Columns are averaged.
 */
export const gor = defineLoss({
  name: "gor",
  options: z.strictObject({
    meanWeight: z.number().min(0).default(1),
    secondMomentWeight: z.number().min(0).default(1),
  }),
  build: {
    vectors: orthogonal,
    pairs: (batch, options) => orthogonal(columnsOf(batch), options),
  },
});

function orthogonal(batch: VectorsBatch, weights: { meanWeight: number; secondMomentWeight: number }): LossOutput {
  const { meanTerm, secondMomentTerm } = meanOfColumns(batch, (x) => {
    const rows = size(x.length(0));
    const cosines = where(eye(x.length(0)).greater(0), 0, similarityMatrix(x, x, "cosine"));
    const pairs = maximum(rows.mul(rows.sub(1)), 1);
    const second = cosines.square().sum().div(pairs);
    return {
      meanTerm: cosines.sum().div(pairs).square(),
      secondMomentTerm: relu(second.sub(size(x.length(1)).pow(-1))),
    };
  });
  const loss = meanTerm.mul(weights.meanWeight).add(secondMomentTerm.mul(weights.secondMomentWeight));
  return { loss, telemetry: { meanTerm, secondMomentTerm } };
}

/** mean |x_i − y_i|^α of queries and their positives on unit vectors (Wang and Isola 2020, §4.1): lower is better. */
export const alignment = defineLoss({
  name: "alignment",
  options: z.strictObject({ alpha: z.number().positive().default(2) }),
  build: {
    pairs: ({ queries, documents }, { alpha }) => {
      const positives = slice(documents, 0, 0, queries.length(0));
      const squared = rowDistance(l2Normalize(queries), l2Normalize(positives), "l2-squared");
      const distances = alpha === 2 ? squared : alpha === 1 ? safeSqrt(squared) : powerOf(squared, alpha / 2);
      return { loss: mean(distances), telemetry: {} };
    },
  },
});

/** x^exponent with gradient 0 at 0. */
function powerOf(x: Tensor, exponent: number): Tensor {
  const zero = x.lessOrEqual(0);
  return where(zero, 0, where(zero, 1, x).pow(exponent));
}

/**
 * ln mean_{i<j} exp(−t |x_i − x_j|²) on unit vectors, the mean over columns (Wang and Isola 2020, §4.1): at most 0, lower is more uniform. Of a
 * single row it is 0.
 */
export const uniformity = defineLoss({
  name: "uniformity",
  options: z.strictObject({ t: z.number().positive().default(2) }),
  build: {
    vectors: (batch, { t }) => ({ ...meanOfColumns(batch, (x) => ({ loss: uniform(x, t) })), telemetry: {} }),
    pairs: (batch, { t }) => ({ ...meanOfColumns(columnsOf(batch), (x) => ({ loss: uniform(x, t) })), telemetry: {} }),
  },
});

function uniform(x: Tensor, t: number): Tensor {
  const rows = x.length(0);
  const potentials = similarityMatrix(x, x, "cosine")
    .sub(1)
    .mul(2 * t);
  const above = iota(rows).unsqueeze(1).less(iota(rows).unsqueeze(0));
  const total = logSumExp(where(above, potentials, Number.NEGATIVE_INFINITY).reshape([-1]), 0);
  const pairs = size(rows).mul(size(rows).sub(1)).mul(0.5);
  return where(pairs.greater(0), where(pairs.greater(0), total, 0).sub(maximum(pairs, 1).log()), 0);
}

/** mean over rows of |x|_p^power: holds lengths of vectors that are not normalised. p = 2, power 2 is the usual weight decay of embeddings. */
export const lpRegulariser = defineLoss({
  name: "lp-regulariser",
  options: z.strictObject({
    p: z.union([z.literal(1), z.literal(2)]).default(2),
    power: z.union([z.literal(1), z.literal(2)]).default(2),
  }),
  build: {
    vectors: norms,
    pairs: (batch, options) => norms(columnsOf(batch), options),
  },
});

function norms(batch: VectorsBatch, { p, power }: { readonly p: 1 | 2; readonly power: 1 | 2 }): LossOutput {
  const lengths = (x: Tensor) => {
    const sum = (p === 1 ? x.abs() : x.square()).sum(1);
    if (p === power) return sum;
    return p === 1 ? sum.square() : safeSqrt(sum);
  };
  return { ...meanOfColumns(batch, (x) => ({ loss: mean(lengths(x)) })), telemetry: {} };
}
