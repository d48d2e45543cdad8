import { rng } from "#nearmiss/base/rng.js";
import { knownPositives } from "#nearmiss/negatives/filters/known-positives.js";
import { inclusionProbabilities } from "#nearmiss/negatives/inclusion.js";
import { shiftedTopK } from "#nearmiss/negatives/samplers/shifted-top-k.js";
import { topK } from "#nearmiss/negatives/samplers/top-k.js";
import { uniformBand, uniformTopM } from "#nearmiss/negatives/samplers/uniform-band.js";
import { compareCase } from "../compare.mjs";
import { gather, numbers, poolOf, ranked } from "../pool.mjs";

export const handlers = [
  {
    matches: ({ parent, name }) => parent === "samplers" && name === "topk",
    runCase(one) {
      const { inputs, params, expected } = one;
      const pool = knownPositives().apply(ranked(poolOf(inputs)));
      const draw = (sampler) => numbers(sampler.sample(pool, params.k, rng(1, "golden")));
      const functions = () => {
        switch (params.kind) {
          case "top-k":
            return { ids: () => draw(topK()), shortBy: () => params.k - draw(topK()).length };
          case "shifted-top-k":
            return {
              shiftAfterExclusion: () => draw(shiftedTopK({ shift: params.shift })),
              shiftOnRawRanks: () => draw(shiftedTopK({ shift: params.shift, basis: "raw-ranks" })),
            };
          case "uniform-top-m":
            return uniform(uniformTopM({ m: params.m }), pool, params.k);
          case "uniform-band":
            return uniform(uniformBand({ from: params.rangeMin, to: params.rangeMax }), pool, params.k);
          default:
            return {};
        }
      };
      const got = gather(expected, functions());
      return got === null ? "skip" : compareCase(got, one);
    },
  },
];

/** The candidates that can be drawn, and the one value that their probabilities share (NaN where they differ). */
function uniform(sampler, pool, k) {
  const p = sampler.probabilities(pool);
  const members = pool.candidates.filter((_, i) => p[i] > 0);
  const shared = (values) => (new Set(values).size === 1 ? values[0] : Number.NaN);
  return {
    pool: () => numbers(members),
    firstDraw: () => shared([...p].filter((x) => x > 0)),
    inclusion: () => [...inclusionProbabilities(p.map(Math.log), k)].find((x) => x > 0),
  };
}
