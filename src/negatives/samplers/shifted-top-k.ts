import type { Candidate } from "../../base/types.js";
import { checkNumber, checkOneOf } from "../check.js";
import { eligibleIndices, orderedSampler, type Sampler } from "../sampler.js";

/** What the shift counts: candidates that no filter rejected, or ranks as retrieved, positives included. */
export type ShiftBasis = "eligible" | "raw-ranks";

export const shiftBases: readonly ShiftBasis[] = ["eligible", "raw-ranks"];

/** The best candidates after skipping the first `shift` (NV-Retriever's "Top-K shifted by N"). No chance is involved. */
export function shiftedTopK({
  shift,
  basis = "eligible",
}: {
  readonly shift: number;
  readonly basis?: ShiftBasis;
}): Sampler {
  checkNumber("shifted-top-k shift", shift, { least: 0, integer: true });
  checkOneOf("shifted-top-k basis", basis, shiftBases);
  return orderedSampler(
    { name: "shifted-top-k", params: { shift, basis }, pool: "nearest", weighted: false },
    (pool) => {
      const eligible = eligibleIndices(pool);
      if (basis === "eligible") return eligible.slice(shift);
      return eligible.filter((index) => (pool.candidates[index] as Candidate).rank > shift);
    },
  );
}
