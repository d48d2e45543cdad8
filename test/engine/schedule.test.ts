import { expect, test } from "vitest";
import { schedule } from "#nearmiss/engine/schedule.js";

test("warm-up rises from 0, and the factor ends at 0", () => {
  const linear = schedule("linear", 4, 8);
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(linear)).toEqual([0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0, 0]);
  expect(schedule("cosine", 0, 4)(2)).toBeCloseTo(0.5, 12);
  expect(schedule("constant", 2, 4)(100)).toBe(1);
  expect(schedule("constant", 0, 0)(0)).toBe(1);
});

test.each([
  [-1, 4],
  [0.5, 4],
  [0, Number.NaN],
])("steps that are no counts are refused (%f, %f)", (warmup, total) => {
  expect(() => schedule("linear", warmup, total)).toThrow(expect.objectContaining({ code: "bad-schedule" }));
});
