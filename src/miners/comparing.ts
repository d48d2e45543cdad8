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
  batch: Pick<LabelledBatch, "embeddings" | "references">,
  { metric, normalize }: { readonly metric: Metric; readonly normalize: boolean },
): Tensor {
  const { embeddings, references } = normalize ? unitVectors(batch) : batch;
  return distanceMatrix(embeddings, references, metric);
}

/** Both divided by their length; still one node where they are. */
export function unitVectors({ embeddings, references }: Pick<LabelledBatch, "embeddings" | "references">) {
  const unit = l2Normalize(embeddings);
  return { embeddings: unit, references: references === embeddings ? unit : l2Normalize(references) };
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
