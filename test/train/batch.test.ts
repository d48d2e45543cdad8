import fc from "fast-check";
import { expect, test } from "vitest";
import type { TrainingRow } from "#nearmiss/data/rows.js";
import { staticEncoder } from "#nearmiss/nn/static.js";
import { collateBatch, layOutBatch } from "#nearmiss/train/batch.js";

const row = (queryId: string, positiveId: string): TrainingRow => ({ queryId, positiveId });
const known = (entries: Readonly<Record<string, readonly string[]>>) =>
  new Map(Object.entries(entries).map(([query, ids]) => [query, new Set(ids)]));
const table = (negatives: Uint8Array, columns: number) =>
  Array.from({ length: negatives.length / columns }, (_, i) => [...negatives.subarray(i * columns, (i + 1) * columns)]);

test("in a batch every other document is a negative, but for known positives", () => {
  const layout = layOutBatch(
    [row("q1", "a"), row("q2", "b"), row("q3", "c")],
    () => [],
    known({ q1: ["a", "c"], q2: ["b"], q3: ["c"] }),
    "batch",
  );
  expect(layout.columns).toEqual(["a", "b", "c"]);
  expect(table(layout.negatives, 3)).toEqual([
    [0, 1, 0],
    [1, 0, 1],
    [1, 1, 0],
  ]);
});

test("a document that several rows drew, or that is a row's positive, is one column that all see", () => {
  const drawn = new Map([
    ["q1", ["x", "b", "x"]],
    ["q2", ["x", "y", "a"]],
  ]);
  const layout = layOutBatch(
    [row("q1", "a"), row("q2", "b")],
    ({ queryId }) => drawn.get(queryId) ?? [],
    known({ q1: ["a"], q2: ["b", "y"] }),
    "batch",
  );
  expect(layout.columns).toEqual(["a", "b", "x", "y"]);
  expect(table(layout.own, 4)).toEqual([
    [0, 1, 1, 0],
    [1, 0, 1, 0],
  ]);
  expect(table(layout.negatives, 4)).toEqual([
    [0, 1, 1, 1],
    [1, 0, 1, 0],
  ]);
});

test("with negatives of their own, rows see no others'", () => {
  const drawn = new Map([
    ["q1", ["x"]],
    ["q2", ["a"]],
  ]);
  const layout = layOutBatch(
    [row("q1", "a"), row("q2", "b")],
    ({ queryId }) => drawn.get(queryId) ?? [],
    known({ q1: ["a"], q2: ["b"] }),
    "own",
  );
  expect(table(layout.negatives, 3)).toEqual([
    [0, 0, 1],
    [1, 0, 0],
  ]);
});

test("whatever was drawn: own positive and known positives are never negatives, ids stand once, positives come first", () => {
  const id = fc.constantFrom(..."abcdefgh");
  const rows = fc.array(fc.record({ positiveId: id, drawn: fc.array(id), known: fc.array(id) }), { minLength: 1 });
  fc.assert(
    fc.property(rows, fc.constantFrom("batch" as const, "own" as const), (given, scope) => {
      const batch = given.map(({ positiveId }, i) => row(`${i}`, positiveId));
      const positives = new Map(given.map((one, i) => [`${i}`, new Set(one.known)]));
      const layout = layOutBatch(batch, ({ queryId }) => given[Number(queryId)]?.drawn ?? [], positives, scope);
      expect(layout.columns.slice(0, batch.length)).toEqual(batch.map(({ positiveId }) => positiveId));
      const further = layout.columns.slice(batch.length);
      expect(new Set([...layout.columns.slice(0, batch.length), ...further]).size).toBe(
        new Set(batch.map(({ positiveId }) => positiveId)).size + further.length,
      );
      const marks = table(layout.negatives, layout.columns.length);
      given.forEach((one, i) => {
        layout.columns.forEach((column, j) => {
          const allowed = column !== one.positiveId && !one.known.includes(column);
          expect(marks[i]?.[j]).toBe(Number(allowed && (scope === "batch" || one.drawn.includes(column))));
        });
      });
    }),
    { seed: 1 },
  );
});

test("collating puts queries before documents and tells where each vector is", () => {
  const layout = layOutBatch([row("q1", "a"), row("q2", "b")], () => ["x"], known({}), "batch");
  const tokens = new Map([
    ["q1", [1]],
    ["q2", [2, 3]],
    ["a", [4]],
    ["b", []],
    ["x", [5, 6]],
  ]);
  const sequence = (id: string) => ({ ids: Int32Array.from(tokens.get(id) ?? []) });
  const { feeds, texts } = collateBatch(layout, staticEncoder(10, 4, []), sequence, sequence, 1);
  expect(texts).toBe(5);
  expect([...(feeds["ids"]?.data ?? [])]).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...(feeds["offsets"]?.data ?? [])]).toEqual([0, 1, 3, 4, 4, 6]);
  expect([...(feeds["queryRows"]?.data ?? []), ...(feeds["documentRows"]?.data ?? [])]).toEqual([0, 1, 2, 3, 4]);
  expect([...(feeds["vectorPlaces"]?.data ?? [])]).toEqual([0, 1, 2, 3, 4]);
  expect(feeds["negatives"]?.shape).toEqual([2, 3]);
});
