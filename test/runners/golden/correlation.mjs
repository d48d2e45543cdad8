import { kendall, midRanks, pearson, spearman } from "#nearmiss/evaluate/correlation.js";
import { benjaminiHochberg, holm } from "#nearmiss/evaluate/multiple-testing.js";
import { close, compare } from "../compare.mjs";

export const handlers = [
  {
    matches: ({ name, json }) => name === "correlation" && Array.isArray(json.cases),
    runCase(one, json) {
      const { name, notes, gold, prediction, p, ...want } = one;
      const functions =
        p === undefined
          ? {
              spearman: () => spearman(gold, prediction),
              pearson: () => pearson(gold, prediction),
              kendall_tau_b: () => kendall(gold, prediction),
              ranks_gold: () => midRanks(gold),
              ranks_prediction: () => midRanks(prediction),
            }
          : { adjusted: () => holm(p), benjamini_hochberg: () => benjaminiHochberg(p) };
      if (!Object.keys(want).every((key) => key in functions)) return "skip";
      const got = Object.fromEntries(Object.keys(want).map((key) => [key, functions[key]()]));
      return compare(got, want, (a, b) => close(a, b, json.tolerance));
    },
  },
];
