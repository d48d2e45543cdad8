import {
  absoluteDistances,
  l2Normalize,
  matmul,
  sqrt,
  squaredDistances,
  type Tensor,
  transpose,
} from "../graph/index.js";

/** Distances between rows: 1 − cos, Euclidean, its square, and the sum of absolute differences. */
export const metrics = ["cosine", "l2", "l2-squared", "l1"] as const;
export type Metric = (typeof metrics)[number];

/** Scaled similarities of every row of `a` [n, d] to every row of `b` [m, d]: [n, m]. Cosine with a zero vector is 0. */
export function similarityMatrix(a: Tensor, b: Tensor, similarity: "cosine" | "dot", scale = 1): Tensor {
  const [x, y] = similarity === "cosine" ? [l2Normalize(a), l2Normalize(b)] : [a, b];
  // Documents are at least as many as queries. With the longer side as rows the product, and its gradients nearly always, is shared among
  // threads by rows, which leaves every sum as it is; by columns it may not, and the whole step would have to take one thread.
  return transpose(matmul(y, x, { transposeB: true, alpha: scale }));
}

/** Distances between vectors along the last axis, with broadcasting: [..., d], [..., d] → [...]. */
export function rowDistance(a: Tensor, b: Tensor, metric: Metric): Tensor {
  if (metric === "cosine") return l2Normalize(a).mul(l2Normalize(b)).sum(-1).neg().add(1);
  const difference = a.sub(b);
  if (metric === "l1") return difference.abs().sum(-1);
  const squared = difference.square().sum(-1);
  return metric === "l2-squared" ? squared : sqrt(squared);
}

/** Distances of every row of `a` [n, d] to every row of `b` [m, d]: [n, m], without n·m·d numbers in memory. */
export function distanceMatrix(a: Tensor, b: Tensor, metric: Metric): Tensor {
  if (metric === "cosine") return similarityMatrix(a, b, "cosine").neg().add(1);
  if (metric === "l1") return absoluteDistances(a, b);
  // The longer side as rows, as in `similarityMatrix`.
  const squared = a === b ? squaredDistances(a, b) : transpose(squaredDistances(b, a));
  return metric === "l2-squared" ? squared : sqrt(squared);
}
