import { z } from "zod";
import { inputError } from "../base/errors.js";
import { concat, l2Normalize, logSumExp, pad, rowDot, slice, softplus, type Tensor, where } from "../graph/index.js";
import { defineLoss } from "./define.js";
import { countOf } from "./masked.js";
import type { LossOutput } from "./types.js";

const scale = z.number().positive().default(20);

/**
 * ln(1 + Σ exp(scale · (s_i − s_j))) over all i, j with y_i < y_j, s the cosine of each pair of vectors (Su 2022, CoSENT): a ranking loss, of
 * the labels only their order counts. Where no two labels differ it is 0.
 */
export const cosent = defineLoss({
  name: "cosent",
  options: z.strictObject({ scale, similarity: z.literal("cosine").default("cosine") }),
  build: {
    scored: ({ first, second, labels }, { scale }) =>
      ranked(rowDot(l2Normalize(first), l2Normalize(second)), labels, scale),
  },
});

/**
 * CoSENT with the angle in complex space for a similarity (Li and Li 2023, AnglE, eq. 6): halves of a vector are real and imaginary parts, and s is
 * |Σ of both parts of x / y|, divided by |x| / |y|. An odd dimension is filled up with a zero.
 */
export const angle = defineLoss({
  name: "angle",
  options: z.strictObject({ scale, similarity: z.literal("angle").default("angle") }),
  build: {
    scored: ({ first, second, labels }, { scale }) => ranked(angleSimilarity(first, second), labels, scale),
  },
});

function ranked(similarity: Tensor, labels: Tensor, scale: number): LossOutput {
  const ordered = labels.unsqueeze(1).less(labels.unsqueeze(0));
  const gaps = similarity.unsqueeze(1).sub(similarity.unsqueeze(0)).mul(scale);
  const total = logSumExp(where(ordered, gaps, Number.NEGATIVE_INFINITY).reshape([-1]), 0);
  return { loss: softplus(total), telemetry: { orderedPairs: countOf(ordered) } };
}

/** With x = [a | b], y = [c | d] of length 1, each element's x / y has the parts ac + bd and bc − ad: [rows, dimension] twice → [rows]. */
function angleSimilarity(first: Tensor, second: Tensor): Tensor {
  const width = first.length(1);
  if (typeof width !== "number") throw inputError("shape", `angle: the dimension ${width} must be a number`);
  const [x, y] = [first, second].map((z) => l2Normalize(width % 2 === 0 ? z : pad(z, 1, 0, 1))) as [Tensor, Tensor];
  const half = Math.ceil(width / 2);
  const [c, d] = [slice(y, 1, 0, half), slice(y, 1, half)];
  // a (c − d) + b (c + d)
  return rowDot(x, concat([c.sub(d), c.add(d)], 1)).abs();
}
