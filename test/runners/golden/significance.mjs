import { bootstrapMean } from "#nearmiss/evaluate/bootstrap.js";
import { pairedTTest, wilcoxonTest } from "#nearmiss/evaluate/paired-tests.js";
import { randomisationTest } from "#nearmiss/evaluate/randomisation.js";
import { close, compare, differs, firstDifference, pass } from "../compare.mjs";

export const handlers = [
  {
    matches: ({ json, name }) => name === "significance" && Array.isArray(json.cases),
    runCase(one, json) {
      const d = Float64Array.from(one.b, (value, i) => value - one.a[i]);
      const like = (got, want, key) =>
        want === undefined ? pass : compare(got, want, (a, b) => close(a, b, json.tolerance), key);
      const mean = d.reduce((sum, x) => sum + x, 0) / d.length;
      const checks = [
        () => like(d.length, one.n, "n"),
        () => like(mean, one.mean_difference_b_minus_a, "mean_difference_b_minus_a"),
        () => like(tTest(d), one.t_test, "t_test"),
        () => like(wilcoxon(d), one.wilcoxon, "wilcoxon"),
        () => randomisation(d, one.randomization_exact, like),
        () => bootstrap(d, one.bootstrap_percentile_ci95),
      ];
      return firstDifference(checks, (check) => check());
    },
  },
];

function tTest(d) {
  const test = pairedTTest(d);
  if (test === null) return null;
  const { t, df, p, interval, effect } = test;
  return { t, df, p_two_sided: p, ci95: [interval.low, interval.high], cohens_dz: effect };
}

function wilcoxon(d) {
  const test = wilcoxonTest(d);
  if (test === null) return null;
  return {
    n_nonzero: test.pairs,
    w_plus: test.positive,
    w_minus: test.negative,
    p_two_sided_normal: test.pNormal,
    p_two_sided_normal_continuity: test.pNormalCorrected,
    p_two_sided_exact: test.pExact,
  };
}

/** Where the file gives a band, a Monte-Carlo p of 10,000 resamples must lie in it; else both p are exact. */
function randomisation(d, want, like) {
  if (want === undefined) return pass;
  const got = randomisationTest(d, 1);
  const band = want.accept_monte_carlo_of_10000;
  if (band !== undefined)
    return got.p >= band[0] && got.p <= band[1] ? pass : differs("randomization_exact.p_two_sided", got.p, band);
  const found = { patterns: got.resamples, p_two_sided: got.p, p_one_sided_b_greater: got.pAbove };
  return like(found, want, "randomization_exact");
}

function bootstrap(d, want) {
  if (want === undefined) return pass;
  const { low, high } = bootstrapMean(d, 1);
  return firstDifference([0, 1], (side) => {
    const got = [low, high][side];
    const far = Math.abs(got - want.reference[side]) > want.tolerance_with_10000_resamples[side];
    return far ? differs(`bootstrap_percentile_ci95[${side}]`, got, want.reference[side]) : pass;
  });
}
