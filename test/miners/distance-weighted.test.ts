import { expect, test } from "vitest";
import { distanceWeights } from "#nearmiss/miners/distance-weighted.js";
import { miner } from "#nearmiss/miners/index.js";
import { batchOf, example, mined, noiseFor, range, values } from "./batch.js";

const labels = ["a", "a", "b", "c", "d", "e"];
/** Around one direction, so that most distances are below the cutoff of negatives without loss; the last row is opposite. */
const given = example(
  labels.map((_, i) => range(5).map((j) => (i === 5 ? -1 : 1) * (1 + 0.6 * Math.sin(3 * i + 2 * j)))),
  labels,
);

test("draws follow the probabilities that are exposed", () => {
  const [rows, columns] = [6, 6];
  const probabilities = values({ p: distanceWeights(batchOf(given)) }).p?.data as Float64Array;
  const draws = 500;
  const counts = new Float64Array(rows * columns);
  for (let seed = 0; seed < draws; seed++) {
    for (const [a, , n] of mined(miner("distance-weighted"), given, noiseFor(given, seed)).triplets)
      counts[a * columns + n] = (counts[a * columns + n] as number) + 1;
  }
  for (const a of [0, 1]) {
    for (let n = 0; n < columns; n++) {
      const p = probabilities[a * columns + n] as number;
      const deviation = Math.sqrt(draws * p * (1 - p));
      expect(Math.abs((counts[a * columns + n] as number) - draws * p)).toBeLessThanOrEqual(5 * deviation);
    }
  }
});

test("an anchor whose negatives are all too far draws any of them, or is left out", () => {
  const far = example(
    [
      [1, 0, 0, 0],
      [0.9, 0.1, 0, 0],
      [-1, 0, 0, 0.1],
      [-1, 0.1, 0, 0],
    ],
    ["a", "a", "b", "c"],
  );
  expect(mined(miner("distance-weighted", { withoutMass: "drop" }), far).triplets).toEqual([]);
  const seen = range(60).flatMap((seed) => mined(miner("distance-weighted"), far, noiseFor(far, seed)).triplets);
  expect(seen).toHaveLength(120);
  expect(new Set(seen.map(([, , n]) => n))).toEqual(new Set([2, 3]));
});

test("a cutoff beyond the sphere is refused", () => {
  expect(() => miner("distance-weighted", { nonzeroLossCutoff: 2 })).toThrow(/nonzeroLossCutoff/);
});
