import fc from "fast-check";
import { expect, test } from "vitest";
import { topK } from "#nearmiss/search/top-k.js";

test("the collector equals sorting everything, in any order of arrival", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3, max: 3 })), fc.nat(12), fc.gen(), (scores, k, gen) => {
      const order = scores.map((_, row) => row).sort(() => gen(fc.integer, { min: -1, max: 1 }));
      const best = topK(k);
      for (const row of order) best.offer(row, scores[row]!);
      const want = scores
        .map((score, row) => ({ score, row }))
        .sort((a, b) => b.score - a.score || a.row - b.row)
        .slice(0, k);
      const { rows, scores: got } = best.drain();
      expect([...rows]).toEqual(want.map((one) => one.row));
      expect([...got]).toEqual(want.map((one) => one.score));
    }),
  );
});

test("the floor is the score a further row must reach", () => {
  const best = topK(2);
  expect(best.floor()).toBe(Number.NEGATIVE_INFINITY);
  best.offer(0, 5);
  best.offer(1, 3);
  expect(best.floor()).toBe(3);
  best.offer(2, 4);
  expect(best.floor()).toBe(4);
});
