import fc from "fast-check";
import { expect, test } from "vitest";
import { kendall, midRanks, pearson, spearman } from "#nearmiss/evaluate/correlation.js";
import { benjaminiHochberg, holm } from "#nearmiss/evaluate/multiple-testing.js";

const few = fc.integer({ min: -3, max: 3 });
const pairs = fc.array(fc.tuple(few, few), { minLength: 1, maxLength: 12 });

test("tau-b counts pairs, mid-ranks count smaller and equal values", () => {
  fc.assert(
    fc.property(pairs, (points) => {
      const a = points.map(([x]) => x);
      const b = points.map(([, y]) => y);
      let numerator = 0;
      let untiedA = 0;
      let untiedB = 0;
      for (let i = 0; i < points.length; i++) {
        for (let j = 0; j < i; j++) {
          numerator += Math.sign(a[i]! - a[j]!) * Math.sign(b[i]! - b[j]!);
          untiedA += a[i] === a[j] ? 0 : 1;
          untiedB += b[i] === b[j] ? 0 : 1;
        }
      }
      const scale = Math.sqrt(untiedA * untiedB);
      const got = kendall(a, b);
      if (scale === 0) expect(got).toBeNull();
      else expect(got).toBeCloseTo(numerator / scale, 12);
      const rank = (value: number): number =>
        a.filter((other) => other < value).length + (a.filter((other) => other === value).length + 1) / 2;
      expect([...midRanks(a)]).toEqual(a.map(rank));
    }),
  );
});

test("Pearson by its definition, unchanged by scale and offset; Spearman by any increasing function", () => {
  fc.assert(
    fc.property(pairs, (points) => {
      const a = points.map(([x]) => x);
      const b = points.map(([, y]) => y);
      const mean = (values: readonly number[]): number => values.reduce((x, y) => x + y, 0) / values.length;
      const [meanA, meanB] = [mean(a), mean(b)];
      const covariance = mean(points.map(([x, y]) => (x - meanA) * (y - meanB)));
      const deviation = (values: readonly number[], centre: number): number =>
        Math.sqrt(mean(values.map((x) => (x - centre) ** 2)));
      const got = pearson(a, b);
      if (new Set(a).size < 2 || new Set(b).size < 2) {
        expect(got).toBeNull();
        return;
      }
      expect(got).toBeCloseTo(covariance / (deviation(a, meanA) * deviation(b, meanB)), 12);
      expect(
        pearson(
          a.map((x) => 1e9 + x / 8),
          b,
        ),
      ).toBeCloseTo(got!, 12);
      expect(spearman(a.map(Math.exp), b)).toBe(spearman(a, b));
    }),
  );
});

test("a vector that does not vary has no correlation", () => {
  expect([pearson([0.1, 0.1, 0.1], [1, 2, 3]), spearman([1, 2], [4, 4]), kendall([1], [2]), pearson([], [])]).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test("adjusted p values call significant what the step-wise procedures do", () => {
  const p = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(p, fc.double({ min: 0.001, max: 0.5, noNaN: true }), (values, alpha) => {
      const sorted = values.map((value, place) => ({ value, place })).sort((x, y) => x.value - y.value);
      const m = values.length;
      // Holm: from the smallest on, until one fails. Benjamini–Hochberg: up to the largest that passes.
      const firstFailed = sorted.findIndex(({ value }, rank) => (m - rank) * value > alpha);
      const byHolm = new Set(sorted.slice(0, firstFailed < 0 ? m : firstFailed).map(({ place }) => place));
      const lastPassed = sorted.findLastIndex(({ value }, rank) => (m / (rank + 1)) * value <= alpha);
      const byHochberg = new Set(sorted.slice(0, lastPassed + 1).map(({ place }) => place));
      expect(holm(values).map((one) => one <= alpha)).toEqual(values.map((_, place) => byHolm.has(place)));
      expect(benjaminiHochberg(values).map((one) => one <= alpha)).toEqual(
        values.map((_, place) => byHochberg.has(place)),
      );
    }),
  );
  expect([holm([]), benjaminiHochberg([])]).toEqual([[], []]);
});
