import { rng } from "#nearmiss/base/rng.js";
import { nearestK } from "#nearmiss/negatives/samplers/nearest-k.js";
import { compareCase } from "../compare.mjs";
import { numbers, poolOf } from "../pool.mjs";

export const handlers = [
  {
    matches: ({ parent, name }) => parent === "samplers" && name === "nearest_k",
    runCase(one) {
      const { inputs, params } = one;
      const pool = poolOf({ scores: inputs.scores, positiveScores: [inputs.positiveScore] });
      const negatives = nearestK({ b: params.b }).sample(pool, params.k, rng(1, "golden"));
      return compareCase({ indices: numbers(negatives) }, one);
    },
  },
];
