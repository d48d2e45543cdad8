import fc from "fast-check";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { drawSuccessively, effectiveNumber, firstDraw } from "#nearmiss/negatives/draw.js";
import { inclusionProbabilities } from "#nearmiss/negatives/inclusion.js";
import { chiSquare, chiSquareLimit } from "./fixtures.js";

const weights = Float64Array.from([0, -0.3, -2, -0.1, -7, -1, -1, 0.4, -12, -0.7]);

test("first draws have their probabilities (chi-square of 100,000 draws)", () => {
  const counts = new Array<number>(weights.length).fill(0);
  const generator = rng(1, "first");
  for (let i = 0; i < 100_000; i++) {
    const [index] = drawSuccessively(weights, 1, generator) as [number];
    counts[index] = (counts[index] as number) + 1;
  }
  const { value, degrees } = chiSquare(counts, firstDraw(weights));
  expect(value).toBeLessThan(chiSquareLimit(degrees));
});

test("draws without replacement have their inclusion probabilities (z of every candidate below 5)", () => {
  const n = 40_000;
  const counts = new Array<number>(weights.length).fill(0);
  const generator = rng(2, "inclusion");
  for (let i = 0; i < n; i++) {
    for (const index of drawSuccessively(weights, 4, generator)) counts[index] = (counts[index] as number) + 1;
  }
  inclusionProbabilities(weights, 4).forEach((p, i) => {
    const z = ((counts[i] as number) / n - p) / Math.sqrt((p * (1 - p)) / n);
    expect(Math.abs(z)).toBeLessThan(5);
  });
});

/** Every order of drawing, multiplied out. */
function inclusionByEnumeration(probabilities: readonly number[], k: number): number[] {
  const included = probabilities.map(() => 0);
  const walk = (taken: readonly number[], product: number): void => {
    if (taken.length === k) {
      for (const i of taken) included[i] = (included[i] as number) + product;
      return;
    }
    const left = probabilities.reduce((sum, p, i) => (taken.includes(i) ? sum : sum + p), 0);
    probabilities.forEach((p, i) => {
      if (!taken.includes(i)) walk([...taken, i], (product * p) / left);
    });
  };
  walk([], 1);
  return included;
}

test("inclusion probabilities equal the enumeration of all orders", () => {
  const cases = fc.record({
    log: fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: 2, maxLength: 6 }),
    k: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(cases, ({ log, k }) => {
      const count = Math.min(k, log.length);
      const want = inclusionByEnumeration(log.map(Math.exp), count);
      inclusionProbabilities(Float64Array.from(log), count).forEach((p, i) => {
        expect(Math.abs(p - (want[i] as number))).toBeLessThan(1e-11);
      });
    }),
    { numRuns: 100, seed: 1 },
  );
});

test("inclusion probabilities sum to the number of draws, at any range of weights", () => {
  const log = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 3, maxLength: 30 });
  fc.assert(
    fc.property(log, fc.integer({ min: 1, max: 3 }), (values, k) => {
      const sum = inclusionProbabilities(Float64Array.from(values), k).reduce((a, b) => a + b, 0);
      expect(Math.abs(sum - k)).toBeLessThan(1e-9);
    }),
    { numRuns: 50, seed: 2 },
  );
});

test("a weight of minus infinity is never drawn, and one draw is the first draw", () => {
  const some = Float64Array.from([Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, 1]);
  expect(drawSuccessively(some, 4, rng(1)).sort()).toEqual([1, 3]);
  expect([...inclusionProbabilities(some, 3)]).toEqual([0, 1, 0, 1]);
  const one = inclusionProbabilities(weights, 1);
  firstDraw(weights).forEach((p, i) => {
    expect(one[i]).toBeCloseTo(p, 13);
  });
});

test("nothing can be drawn from nothing", () => {
  const none = new Float64Array(3).fill(Number.NEGATIVE_INFINITY);
  expect([...firstDraw(none)]).toEqual([0, 0, 0]);
  expect(drawSuccessively(none, 2, rng(1))).toEqual([]);
  expect(drawSuccessively(new Float64Array(0), 2, rng(1))).toEqual([]);
});

test("the effective number of a uniform distribution is its size", () => {
  expect(effectiveNumber(Float64Array.from([0.25, 0.25, 0, 0.25, 0.25]))).toBeCloseTo(4, 12);
  expect(effectiveNumber(Float64Array.from([0, 1]))).toBe(1);
});
