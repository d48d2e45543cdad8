import { rng } from "#nearmiss/base/rng.js";
import { applyFilters } from "#nearmiss/negatives/filter.js";
import { absolute } from "#nearmiss/negatives/filters/abs.js";
import { knownPositives } from "#nearmiss/negatives/filters/known-positives.js";
import { marginPositive } from "#nearmiss/negatives/filters/margin-pos.js";
import { percPositive } from "#nearmiss/negatives/filters/perc-pos.js";
import { shiftedTopK } from "#nearmiss/negatives/samplers/shifted-top-k.js";
import { compare, pass } from "../compare.mjs";
import { poolOf, ranked } from "../pool.mjs";

// What a well-known miner returned for given scores, from the parts of nearmiss. `libraryAgrees` and `droppedQueriesInLibrary` are about it.
export const handlers = [
  {
    matches: ({ parent, name }) => parent === "samplers" && name === "library_mining",
    runCase({ inputs, params, expected }) {
      const sampler = shiftedTopK({ shift: params.range_min ?? 0 });
      const got = Object.entries(inputs.positives).map(([query, positiveIds], row) => {
        const scores = inputs.scores[row];
        const positiveScores = positiveIds.map((id) => scores[Number(id.slice(1))]);
        const pool = ranked(poolOf({ ids: scores.map((_, j) => `d${j}`), scores, positiveIds, positiveScores }));
        const negatives = sampler.sample(applyFilters(pool, filtersOf(params)), params.k, rng(1, "golden"));
        return [query, negatives.map(({ id }) => id)];
      });
      return compare(Object.fromEntries(got), expected.negatives, () => pass, "negatives");
    },
  },
];

function filtersOf({ relative_margin, absolute_margin, max_score, min_score }) {
  const filters = [knownPositives()];
  if (relative_margin !== undefined) filters.push(percPositive({ p: 1 - relative_margin }));
  if (absolute_margin !== undefined) filters.push(marginPositive({ margin: absolute_margin }));
  if (max_score !== undefined || min_score !== undefined) {
    filters.push(absolute({ max: max_score ?? Number.MAX_VALUE, min: min_score ?? -Number.MAX_VALUE }));
  }
  return filters;
}
