import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bootstrapMean, resampledMeans } from "#nearmiss/evaluate/bootstrap.js";
import { normalTwoSided, studentQuantile, studentTwoSided } from "#nearmiss/evaluate/distributions.js";
import { pairedTTest, wilcoxonTest } from "#nearmiss/evaluate/paired-tests.js";
import { randomisationTest, randomisationTests } from "#nearmiss/evaluate/randomisation.js";

const golden = fileURLToPath(new URL("../../../shared/golden/significance.json", import.meta.url));

interface Case {
  readonly name: string;
  readonly a: number[];
  readonly b: number[];
  readonly t_test: { t: number; df: number; p_two_sided: number; ci95: [number, number]; cohens_dz: number } | null;
  readonly wilcoxon: {
    n_nonzero: number;
    w_plus: number;
    w_minus: number;
    p_two_sided_normal: number;
    p_two_sided_normal_continuity: number;
    p_two_sided_exact?: number;
  } | null;
  readonly randomization_exact: { p_two_sided: number; accept_monte_carlo_of_10000?: [number, number] };
  readonly bootstrap_percentile_ci95?: {
    reference: [number, number];
    tolerance_with_10000_resamples: [number, number];
  };
}

const cases = existsSync(golden) ? (JSON.parse(readFileSync(golden, "utf8")) as { cases: Case[] }).cases : [];

test.skipIf(cases.length === 0)("the published values of t-test, Wilcoxon, randomisation and bootstrap", () => {
  expect(cases.length).toBeGreaterThan(0);
  for (const one of cases) {
    const d = Float64Array.from(one.b, (value, i) => value - one.a[i]!);
    const close = (got: number | undefined, want: number): void =>
      expect(Math.abs(got! - want), one.name).toBeLessThan(1e-9 * Math.max(1, Math.abs(want)));
    const t = pairedTTest(d);
    expect(t === null, one.name).toBe(one.t_test === null);
    if (one.t_test !== null) {
      close(t!.t, one.t_test.t);
      close(t!.p, one.t_test.p_two_sided);
      close(t!.interval.low, one.t_test.ci95[0]);
      close(t!.interval.high, one.t_test.ci95[1]);
      close(t!.effect, one.t_test.cohens_dz);
    }
    const w = wilcoxonTest(d);
    expect(w === null, one.name).toBe(one.wilcoxon === null);
    if (one.wilcoxon !== null) {
      expect([w!.pairs, w!.positive, w!.negative]).toEqual([
        one.wilcoxon.n_nonzero,
        one.wilcoxon.w_plus,
        one.wilcoxon.w_minus,
      ]);
      close(w!.pNormal, one.wilcoxon.p_two_sided_normal);
      close(w!.pNormalCorrected, one.wilcoxon.p_two_sided_normal_continuity);
      if (one.wilcoxon.p_two_sided_exact !== undefined) close(w!.pExact, one.wilcoxon.p_two_sided_exact);
    }
    const r = randomisationTest(d, 1);
    const band = one.randomization_exact.accept_monte_carlo_of_10000;
    if (band === undefined) close(r.p, one.randomization_exact.p_two_sided);
    else {
      expect(r.p, one.name).toBeGreaterThanOrEqual(band[0]);
      expect(r.p, one.name).toBeLessThanOrEqual(band[1]);
    }
    const interval = one.bootstrap_percentile_ci95;
    if (interval !== undefined) {
      const got = bootstrapMean(d, 1);
      expect(Math.abs(got.low - interval.reference[0])).toBeLessThanOrEqual(interval.tolerance_with_10000_resamples[0]);
      expect(Math.abs(got.high - interval.reference[1])).toBeLessThanOrEqual(
        interval.tolerance_with_10000_resamples[1],
      );
    }
  }
});

test("the normal and Student distributions at known points", () => {
  expect(normalTwoSided(1.959963984540054)).toBeCloseTo(0.05, 15);
  expect(normalTwoSided(0)).toBe(1);
  expect(normalTwoSided(2.9999999999) / normalTwoSided(3.0000000001)).toBeCloseTo(1, 8);
  expect(normalTwoSided(6) / 1.9731752900753e-9).toBeCloseTo(1, 12);
  // Closed forms: one degree of freedom is Cauchy's distribution, two have an algebraic one.
  for (const t of [0, 0.1, 1, 7, 300]) {
    expect(studentTwoSided(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 13);
    expect(studentTwoSided(t, 2)).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 13);
  }
  expect(studentQuantile(0.5, 1)).toBeCloseTo(1, 13);
});

test("up to 12 pairs the randomisation test counts every pattern of signs", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 8 }), (d) => {
      let extreme = 0;
      const observed = Math.abs(d.reduce((a, b) => a + b, 0));
      for (let pattern = 0; pattern < 2 ** d.length; pattern++) {
        const sum = d.reduce((total, x, i) => total + (Math.floor(pattern / 2 ** i) % 2 === 1 ? -x : x), 0);
        if (Math.abs(sum) >= observed) extreme++;
      }
      const got = randomisationTest(Float64Array.from(d), 1);
      expect(got).toMatchObject({ p: extreme / 2 ** d.length, resamples: 2 ** d.length });
    }),
  );
});

test("Monte-Carlo p estimates the exact one across word borders, never 0, and repeats with its seed", () => {
  // 40 pairs of ±1: the number of flips is binomial. 28 against 12: P(|X − 20| ≥ 8).
  const d = Float64Array.from({ length: 40 }, (_, i) => (i < 28 ? 1 : -1));
  const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n, k - 1) * (n - k + 1)) / k);
  let exact = 0;
  for (let k = 0; k <= 40; k++) if (Math.abs(k - 20) >= 8) exact += choose(40, k) / 2 ** 40;
  const got = randomisationTest(d, 5, 20_000);
  expect(Math.abs(got.p - exact)).toBeLessThan(5 * Math.sqrt((exact * (1 - exact)) / 20_000));
  expect(randomisationTest(d, 5, 20_000)).toEqual(got);
  expect(randomisationTest(d, 6, 20_000)).not.toEqual(got);
  const sure = Float64Array.from({ length: 100 }, () => 1);
  expect(randomisationTest(sure, 1, 999).p).toBe(1 / 1000);
  expect(randomisationTest(new Float64Array(100), 1, 99).p).toBe(1);
});

test("columns tested together get what they get alone", () => {
  const one = Float64Array.from({ length: 77 }, (_, i) => Math.sin(i));
  const two = Float64Array.from({ length: 77 }, (_, i) => Math.cos(3 * i) + 0.1);
  expect(randomisationTests([one, two], 3, 500)).toEqual([
    randomisationTest(one, 3, 500),
    randomisationTest(two, 3, 500),
  ]);
  const together = resampledMeans([one, two], 50, 3);
  const alone = resampledMeans([two], 50, 3);
  expect(Float64Array.from({ length: 50 }, (_, i) => together[2 * i + 1]!)).toEqual(alone);
});

test("a bootstrap interval covers about what theory says, and is a point for equal values", () => {
  const values = Float64Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 1 : 0));
  const { low, high } = bootstrapMean(values, 1);
  const error = Math.sqrt((0.25 * 0.75) / 400);
  expect(low).toBeCloseTo(0.25 - 1.96 * error, 2);
  expect(high).toBeCloseTo(0.25 + 1.96 * error, 2);
  expect(bootstrapMean(Float64Array.of(0.5, 0.5, 0.5), 1)).toEqual({ low: 0.5, high: 0.5 });
});
