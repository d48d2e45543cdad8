import { z } from "zod";
import { l2Normalize, type Tensor } from "../graph/index.js";
import { distanceMatrix, type Metric, metrics } from "../nn/distances.js";
import type { LabelledBatch } from "./types.js";

/** The options of a miner that compares by distance, with the defaults that its paper has. */
export const comparing = (metric: Metric, normalize: boolean) => ({
  metric: z.enum(metrics).default(metric),
  /** Divide vectors by their length first. */
  normalize: z.boolean().default(normalize),
});

/** Distances of every row to every reference: [rows, columns]. */
export function distancesOf(
  { embeddings, references }: Pick<LabelledBatch, "embeddings" | "references">,
  { metric, normalize }: { readonly metric: Metric; readonly normalize: boolean },
): Tensor {
  return normalize
    ? distanceMatrix(l2Normalize(embeddings), l2Normalize(references), metric)
    : distanceMatrix(embeddings, references, metric);
}

type Boundary = "strict" | "inclusive";

/** Whether a value exactly on a bound is inside: papers differ. */
export const boundary = (usual: Boundary) => z.enum(["strict", "inclusive"]).default(usual);

/** a < b, or a ≤ b where bounds are inclusive. */
export function below(a: Tensor, b: Tensor | number, at: Boundary): Tensor {
  return at === "strict" ? a.less(b) : a.lessOrEqual(b);
}

/** a > b, or a ≥ b where bounds are inclusive. */
export function above(a: Tensor, b: Tensor | number, at: Boundary): Tensor {
  return at === "strict" ? a.greater(b) : a.greaterOrEqual(b);
}
