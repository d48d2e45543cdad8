import { describe, expect, it } from "vitest";
import { packSequences } from "#nearmiss/nn/packing.js";

describe("length groups", () => {
  it.each([
    ["all of one length", Array.from({ length: 64 }, () => 256)],
    ["two lengths", Array.from({ length: 37 }, (_, i) => (i < 20 ? 7 : 9))],
    ["one text of each length", Array.from({ length: 40 }, (_, i) => i + 1)],
    ["a long one among short ones", [...Array.from({ length: 30 }, () => 3), 128]],
  ])("are as many as wanted, so that batches of any lengths share a program: %s", (_, lengths) => {
    const { groups, lengths: packed, rows } = packSequences(lengths, 10);
    expect(groups).toHaveLength(10);
    let next = 0;
    groups.forEach(({ first, count, length }, g) => {
      expect(first).toBe(next);
      expect(count).toBeGreaterThan(0);
      expect(rows[g]).toHaveLength(count * length);
      for (let i = first; i < first + count; i++) expect(packed[i]).toBeLessThanOrEqual(length);
      next += count;
    });
    expect(next).toBe(lengths.length);
  });

  it("hold one text each where texts are fewer", () => {
    expect(packSequences([5, 5, 5], 10).groups.map(({ count }) => count)).toEqual([1, 1, 1]);
  });
});
