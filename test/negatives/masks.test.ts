import { expect, test } from "vitest";
import { inBatchMask, maskPolicies } from "#nearmiss/negatives/masks.js";

const batch = {
  queryIds: ["a", "b", "a"],
  positiveIds: ["x", "y", "z"],
  negativeIds: [["y"], [], ["x", "n"]],
  knownPositives: [new Set(["x", "z"]), new Set(["y"]), new Set(["z"])],
};

test.each([
  ["none", ["111111", "111111", "111111"]],
  ["same-id", ["111101", "111011", "111111"]],
  ["known-positives", ["110101", "111011", "111111"]],
  ["known-positives+same-query", ["110101", "111011", "011111"]],
] as const)("policy %s keeps these columns", (policy, rows) => {
  const { columns, keep } = inBatchMask(batch, policy);
  expect(columns).toEqual(["x", "y", "z", "y", "x", "n"]);
  expect(rows.map((_, i) => [...keep.subarray(i * 6, i * 6 + 6)].join(""))).toEqual(rows);
});

test("a row's own positive is never masked", () => {
  for (const policy of maskPolicies) {
    const { columns, keep } = inBatchMask(batch, policy);
    for (let row = 0; row < 3; row++) expect(keep[row * columns.length + row]).toBe(1);
  }
});
