import { expect, test } from "vitest";
import { subCentreOutliers } from "#nearmiss/losses/sub-centre-outliers.js";
import { range } from "../miners/batch.js";

const table = (n: number, value: (i: number, j: number) => number) =>
  Float32Array.from(range(n).flatMap((i) => range(4).map((j) => value(i, j))));
const given = {
  vectors: table(8, (i, j) => Math.sin(0.7 * (4 * i + j + 1)) * (1 + 0.1 * i)),
  classes: [0, 0, 0, 1, 1, 2, 2, 3],
  weights: table(8, (c, j) => Math.cos(0.3 * (4 * c + j + 1))),
  dimension: 4,
  centres: 2,
};

test("rows far from the dominant centre of their class are those that pytorch-metric-learning 2.9.0 names", () => {
  expect(subCentreOutliers(given)).toEqual({ rows: [1, 4, 5, 6], dominant: [0, 0, 0, 0] });
  expect(subCentreOutliers(given, { thresholdDegrees: 40 }).rows).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("a class without rows has no dominant centre", () => {
  const none = { ...given, vectors: given.vectors.slice(0, 4), classes: [2] };
  expect(subCentreOutliers(none).dominant).toEqual([null, null, expect.any(Number), null]);
});

test("sizes that do not fit are refused", () => {
  expect(() => subCentreOutliers({ ...given, dimension: 3 })).toThrow(/do not fit/);
  expect(() => subCentreOutliers({ ...given, classes: [0, 0, 0, 1, 1, 2, 2, 4] })).toThrow(/class 4/);
});
