import type { Candidate, Rejection } from "../../base/types.js";

/** Whether a score exactly at a threshold stays. The published text keeps s < t, the common library s ≤ t (the default here). */
export type Boundary = "inclusive" | "strict";

/** Rejects scores above a threshold. */
export function ceiling(
  threshold: number,
  boundary: Boundary,
): (candidate: Candidate) => Omit<Rejection, "filter"> | null {
  return ({ score }) =>
    score > threshold || (score === threshold && boundary === "strict") ? { value: score, threshold } : null;
}
