import { eligibleIndices, type Sampler, uniformOver, weightedSampler } from "../sampler.js";

/** Uniform over documents of the corpus, however near they are to the query. */
export function random(): Sampler {
  return weightedSampler({ name: "random", params: {}, pool: "corpus", weighted: false }, (pool) =>
    uniformOver(pool, eligibleIndices(pool)),
  );
}
