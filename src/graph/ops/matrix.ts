import { frontAxis } from "../shape.js";
import { apply, part, type Tensor } from "../tensor.js";
import { where } from "./elementwise.js";

/** alpha · a b over the last two axes, each transposed first where asked; leading axes broadcast. */
export function matmul(
  a: Tensor,
  b: Tensor,
  options?: { readonly transposeA?: boolean; readonly transposeB?: boolean; readonly alpha?: number },
): Tensor {
  return a.matmul(b, options);
}

/** alpha · x Wᵀ + beta · b of x [..., in], W [out, in] (the layout of the file) and b [out]. */
export function linear(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
  { alpha = 1, beta = 1 }: { readonly alpha?: number; readonly beta?: number } = {},
): Tensor {
  const rows = x.rank === 2 ? x : x.reshape([-1, x.length(-1)]);
  const y = apply("linear", bias === undefined ? [rows, weight] : [rows, weight, bias], { alpha, beta });
  return x.rank === 2 ? y : y.reshape([...x.shape.slice(0, -1), weight.length(0)]);
}

/**
 * (x - mean) / sqrt(variance + epsilon) · scale + shift over the last axis, with the variance of the population.
 * Ba, Kiros and Hinton 2016.
 */
export function layerNorm(
  x: Tensor,
  scale: Tensor,
  shift?: Tensor,
  { epsilon = 1e-12 }: { readonly epsilon?: number } = {},
): Tensor {
  return part(apply("layerNorm", shift === undefined ? [x, scale] : [x, scale, shift], { epsilon }), 0);
}

/** x divided by its Euclidean length along an axis. The zero vector stays zero and has gradient 0. */
export function l2Normalize(x: Tensor, axis = -1): Tensor {
  const front = frontAxis("l2Normalize", axis, x.rank);
  // Without the axis as one of length 1: onnxruntime goes through such a tensor element by element.
  const squared = x.square().sum(front);
  const zero = squared.equal(0);
  return x.mul(where(zero, 0, where(zero, 1, squared).pow(-0.5)).unsqueeze(front));
}

/** Cosine of each row of a [n, dim] with each row of b [m, dim]: [n, m]. A zero vector has cosine 0 with everything. */
export function cosine(a: Tensor, b: Tensor): Tensor {
  return dot(l2Normalize(a), l2Normalize(b));
}

/** Dot product of each row of a [n, dim] with each row of b [m, dim]: [n, m]. */
export function dot(a: Tensor, b: Tensor): Tensor {
  return a.matmul(b, { transposeB: true });
}

/** Dot product of row i of a with row i of b, both [n, dim]: [n]. */
export function rowDot(a: Tensor, b: Tensor): Tensor {
  return a.mul(b).sum(-1);
}

/**
 * Squared Euclidean distances of the rows of a [n, d] to those of b [m, d]: [n, m], as of differences, without n·m·d numbers in
 * memory. onnxruntime takes products in float64: rows a relative 1e-6 apart keep three digits of their distance, and equal rows are at
 * distance 1e-8 · |a| or less.
 */
export function squaredDistances(a: Tensor, b: Tensor): Tensor {
  return apply("squaredDistances", [a, b], {});
}

/** Sums of absolute differences of the rows of a [n, d] and those of b [m, d]: [n, m], without n·m·d numbers in memory. */
export function absoluteDistances(a: Tensor, b: Tensor): Tensor {
  return apply("absoluteDistances", [a, b], {});
}
