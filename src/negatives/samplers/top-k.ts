import { eligibleIndices, orderedSampler, type Sampler } from "../sampler.js";

/** The best candidates that no filter rejected, as many as are asked for. No chance is involved. */
export function topK(): Sampler {
  return orderedSampler({ name: "top-k", params: {}, pool: "nearest", weighted: false }, eligibleIndices);
}
