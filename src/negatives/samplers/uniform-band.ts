import { checkNumber } from "../check.js";
import { eligibleIndices, type Sampler, uniformOver, weightedSampler } from "../sampler.js";

/**
 * Uniform over the `m` best candidates that no filter rejected. What the released code of AR2 and of FlagEmbedding does where papers
 * say "hard negatives".
 */
export function uniformTopM({ m }: { readonly m: number }): Sampler {
  checkNumber("uniform-top-m m", m, { least: 1, integer: true });
  return weightedSampler({ name: "uniform-top-m", params: { m }, pool: "nearest", weighted: false }, (pool) =>
    uniformOver(pool, eligibleIndices(pool).slice(0, m)),
  );
}

/** Uniform over a band of the candidates that no filter rejected: `from` of them are skipped, those before position `to` (from 0) take part. */
export function uniformBand({ from, to }: { readonly from: number; readonly to: number }): Sampler {
  checkNumber("uniform-band from", from, { least: 0, integer: true });
  checkNumber("uniform-band to", to, { least: from + 1, integer: true });
  return weightedSampler({ name: "uniform-band", params: { from, to }, pool: "nearest", weighted: false }, (pool) =>
    uniformOver(pool, eligibleIndices(pool).slice(from, to)),
  );
}
