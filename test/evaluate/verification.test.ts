import fc from "fast-check";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import {
  averagePrecision,
  bestAccuracy,
  calibrateThreshold,
  equalErrorRate,
  operatingPoints,
  rocAuc,
} from "#nearmiss/evaluate/roc.js";
import { verifyByFolds } from "#nearmiss/evaluate/verification.js";
import { verifyItems } from "#nearmiss/evaluate/verify-items.js";

const pair = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean());
const mixed = fc
  .array(pair, { minLength: 2, maxLength: 14 })
  .filter((list) => list.some(([, same]) => same) && list.some(([, same]) => !same))
  .map((list) => ({ distances: list.map(([distance]) => distance / 2), same: list.map(([, same]) => same) }));

test("the area under the ROC curve counts pairs of pairs; average precision walks down the list", () => {
  fc.assert(
    fc.property(mixed, ({ distances, same }) => {
      const of = (wanted: boolean): number[] => distances.filter((_, i) => same[i] === wanted);
      const wins = of(true).flatMap((near) =>
        of(false).map((far): number => (near < far ? 1 : near === far ? 0.5 : 0)),
      );
      expect(rocAuc({ distances, same })).toBeCloseTo(wins.reduce((a, b) => a + b, 0) / wins.length, 12);
      const recall = (threshold: number): number => of(true).filter((d) => d <= threshold).length / of(true).length;
      const precision = (threshold: number): number =>
        of(true).filter((d) => d <= threshold).length / distances.filter((d) => d <= threshold).length;
      const steps = [...new Set(distances)].sort((a, b) => a - b);
      const area = steps.reduce(
        (sum, threshold, i) => sum + (recall(threshold) - (i === 0 ? 0 : recall(steps[i - 1]!))) * precision(threshold),
        0,
      );
      expect(averagePrecision({ distances, same })).toBeCloseTo(area, 12);
    }),
  );
});

test("no threshold does better than the best one, and the calibrated one is as good on these pairs", () => {
  fc.assert(
    fc.property(mixed, fc.constantFrom(0, 0.1, 0.5), (pairs, far) => {
      const accuracy = (threshold: number): number =>
        pairs.distances.filter((d, i) => d <= threshold === pairs.same[i]).length / pairs.distances.length;
      const best = bestAccuracy(pairs);
      for (const threshold of pairs.distances) expect(accuracy(threshold)).toBeLessThanOrEqual(best.accuracy + 1e-12);
      expect(accuracy(calibrateThreshold(pairs, "accuracy")!.threshold)).toBeCloseTo(best.accuracy, 12);
      const point = calibrateThreshold(pairs, { far });
      const farAt = (threshold: number): number =>
        pairs.distances.filter((d, i) => d <= threshold && !pairs.same[i]).length /
        pairs.same.filter((one) => !one).length;
      const allowed = pairs.distances.filter((threshold) => farAt(threshold) <= far);
      expect(point?.threshold).toBe(allowed.length === 0 ? undefined : Math.max(...allowed));
    }),
  );
});

test("error rates that meet, and rates that do not", () => {
  expect(equalErrorRate({ distances: [1, 2, 3, 4], same: [1, 0, 1, 0] })).toBe(0.5);
  expect(equalErrorRate({ distances: [1, 2, 3, 4], same: [1, 1, 0, 0] })).toBe(0);
  expect(operatingPoints({ distances: [2, 1, 2], same: [0, 1, 1] })).toEqual([
    { threshold: 1, accepted: 0.5, falselyAccepted: 0, accuracy: 2 / 3 },
    { threshold: 2, accepted: 1, falselyAccepted: 1, accuracy: 2 / 3 },
  ]);
});

test("each fold is measured with the threshold of the others", () => {
  // Fold 1 lies higher than fold 0: its own threshold would judge every pair rightly, that of fold 0 does not.
  const distances = [0.1, 0.5, 1.1, 1.5];
  const same = [1, 0, 1, 0];
  const { folds, accuracy } = verifyByFolds({ distances, same, folds: [0, 0, 1, 1], farTarget: 0 });
  expect(folds.map((fold) => [fold.accuracy, fold.threshold])).toEqual([
    [0.5, 1.11],
    [0.5, 0.11],
  ]);
  expect([accuracy.mean, accuracy.deviation]).toEqual([0.5, 0]);
  expect(folds.map(({ val, far }) => [val, far])).toEqual([
    [1, 1],
    [0, 0],
  ]);
});

test("pairs of one kind only, and distances that are no numbers, are refused", () => {
  expect(() => rocAuc({ distances: [1, 2], same: [1, 1] })).toThrow(/2 same, 0 different/);
  expect(() => rocAuc({ distances: [1, Number.NaN], same: [1, 0] })).toThrow(/pair 1/);
  expect(() => verifyByFolds({ distances: [1, 2, 3], same: [1, 0, 1], folds: [0, 0, 1] })).toThrow(
    /fold 1: 1 same, 0 different/,
  );
});

/** Items around the corners of a simplex, far from each other beside the noise. */
function simplex(size: number, noise: number): { vectors: Float32Array; labels: string[] } {
  const generator = rng(7, "simplex");
  const labels = Array.from({ length: size }, (_, i) => `class ${i % 5}`);
  return {
    labels,
    vectors: Float32Array.from(
      { length: 5 * size },
      (_, i) => (Math.floor(i / 5) % 5 === i % 5 ? 1 : 0) + noise * generator.normal(),
    ),
  };
}

test("items that lie apart are verified without an error; those of one cloud are guessed", () => {
  const clear = verifyItems({ items: simplex(100, 0.05), dimension: 5, seed: 1, pairs: 500 });
  expect([clear.accuracy.mean, clear["roc-auc"].mean, clear.eer.mean, clear["val@far"].mean]).toEqual([1, 1, 0, 1]);
  // Same pairs have cosines near 1, others near 0: the threshold lies between.
  expect(clear.threshold.mean).toBeGreaterThan(0.3);
  expect(clear.threshold.mean).toBeLessThan(0.9);
  const guessed = verifyItems({ items: simplex(100, 50), dimension: 5, seed: 1, pairs: 500 });
  expect(guessed["roc-auc"].low).toBeLessThan(0.55);
  expect(guessed["roc-auc"].high).toBeGreaterThan(0.5);
  expect(guessed).toEqual(verifyItems({ items: simplex(100, 50), dimension: 5, seed: 1, pairs: 500 }));
});

test("too few pairs of a kind are an error", () => {
  const items = { vectors: Float32Array.of(1, 2, 3, 4), labels: ["a", "a", "b", "c"] };
  expect(() => verifyItems({ items, dimension: 1, seed: 1 })).toThrow(/1 same/);
});
