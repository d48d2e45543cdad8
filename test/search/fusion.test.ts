import { expect, test } from "vitest";
import type { Hits, Retriever } from "#nearmiss/base/types.js";
import { fuse, fusedRetriever, minMaxScores } from "#nearmiss/search/fusion.js";

const list = (entries: Record<string, number>): Hits => ({
  ids: Object.keys(entries),
  scores: Float64Array.from(Object.values(entries)),
});

test("reciprocal ranks add up over the lists that hold a document", () => {
  const { ids, scores } = fuse([list({ c: 9, a: 8, b: 7 }), list({ a: 0.2, d: 0.1 })]);
  expect(ids).toEqual(["a", "c", "d", "b"]);
  expect([...scores]).toEqual([1 / 62 + 1 / 61, 1 / 61, 1 / 62, 1 / 63]);
});

test("ties go to the lower id, weights and the constant count", () => {
  expect(fuse([list({ b: 1 }), list({ a: 1 })]).ids).toEqual(["a", "b"]);
  const { ids, scores } = fuse([list({ b: 1 }), list({ a: 1 })], { weights: [3, 1], rankConstant: 1 });
  expect([ids, [...scores]]).toEqual([
    ["b", "a"],
    [1.5, 0.5],
  ]);
});

test("min-max stretches each list and gives 0 for what a list lacks", () => {
  const { ids, scores } = fuse([list({ a: 30, b: 20, c: 10 }), list({ d: 2, c: 1 })], { method: "min-max" });
  expect(ids).toEqual(["a", "d", "b", "c"]);
  expect([...scores]).toEqual([1, 1, 0.5, 0]);
  expect([...minMaxScores(Float64Array.of(4, 4))]).toEqual([0, 0]);
  expect([...minMaxScores(new Float64Array())]).toEqual([]);
});

test("a fused retriever searches each to its depth and cuts at k", async () => {
  const depths: number[] = [];
  const fixed = (name: string, hits: Hits): Retriever => ({
    name,
    fingerprint: name,
    async search(queries, k) {
      depths.push(k);
      return queries.map(() => hits);
    },
  });
  const fused = fusedRetriever([fixed("x", list({ a: 2, b: 1 })), fixed("y", list({ b: 5, c: 4 }))], { depth: 7 });
  const found = await fused.search(
    [
      { id: "1", text: "" },
      { id: "2", text: "" },
    ],
    2,
  );
  expect(fused.name).toBe("fusion(x+y)");
  expect(depths).toEqual([7, 7]);
  expect(found.map(({ ids }) => ids)).toEqual([
    ["b", "a"],
    ["b", "a"],
  ]);
  expect(found[0]!.scores.length).toBe(2);
});

test("weights must fit the lists", () => {
  expect(() => fuse([list({ a: 1 })], { weights: [1, 2] })).toThrow(/expected: 1 numbers/);
  expect(() => fusedRetriever([], { weights: [1] })).toThrow(/weights/);
  expect(() => fuse([], { rankConstant: Number.NaN })).toThrow(/rankConstant/);
});
