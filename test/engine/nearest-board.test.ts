import { expect, test } from "vitest";
import { createBoards, exchange } from "#nearmiss/engine/nearest-board.js";

test("quotas are in proportion to rows and make up k, and no member has a quota above its rows", () => {
  for (const [k, rows] of [
    [100, [500, 400, 3]],
    [7, [1, 1, 1, 1, 1, 1, 1]],
    [50, [20, 10]],
    [1, [5, 900]],
  ] as const) {
    const quotas = createBoards(k, 1, rows).map(({ quota }) => quota);
    const all = rows.reduce<number>((sum, own) => sum + own, 0);
    expect(quotas.reduce((sum, quota) => sum + quota, 0)).toBeGreaterThanOrEqual(Math.min(k, all));
    for (const [i, quota] of quotas.entries()) {
      expect(quota).toBeLessThanOrEqual(rows[i]!);
      expect(quota).toBeGreaterThanOrEqual(1);
    }
  }
});

test("floors rise to the least that all have told, rounded down to float32, and never fall", () => {
  const [a, b] = createBoards(4, 3, [10, 10]) as [
    ReturnType<typeof createBoards>[number],
    ReturnType<typeof createBoards>[number],
  ];
  const floors = new Float64Array(2).fill(0.05);
  exchange(a, 1, Float64Array.of(0.1, -0.1), floors);
  expect([...floors]).toEqual([0.05, 0.05]);
  exchange(b, 1, Float64Array.of(0.3, 0.7), floors);
  expect(floors[0]).toBeLessThanOrEqual(0.1);
  expect(floors[0]).toBeGreaterThan(0.1 * (1 - 2 ** -22));
  expect(floors[1]).toBe(0.05);
  const other = new Float64Array(1).fill(Number.NEGATIVE_INFINITY);
  exchange(a, 2, Float64Array.of(-0.1), other);
  expect(other[0]).toBeLessThanOrEqual(-0.1);
  expect(other[0]).toBeGreaterThan(-0.1 * (1 + 2 ** -22));
});
