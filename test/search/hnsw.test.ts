import { afterAll, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { createExactIndex } from "#nearmiss/search/exact.js";
import { createHnswIndex } from "#nearmiss/search/hnsw.js";
import { openIndexes } from "#nearmiss/search/indexes.js";
import { vectorSource } from "#nearmiss/search/vector-source.js";

const engine = await createEngine({ threads: 2 });
afterAll(() => engine.close());
const [count, dimension, k] = [3000, 24, 20];

function normals(rows: number, name: string): Float32Array {
  const generator = rng(5, name);
  return Float32Array.from({ length: rows * dimension }, () => generator.normal());
}

const ids = Array.from({ length: count }, (_, i) => `d${(i * 7919) % count}`);
const corpus = vectorSource(ids, normals(count, "documents"), dimension);
const queries = normals(150, "queries");

test.each(["cosine", "dot"] as const)(
  "finds most of the exact hits, with their scores, and says how many: %s",
  async (similarity) => {
    const params = { "expansion-search": 40, sample: 60 };
    const index = await createHnswIndex(corpus, { engine, similarity, params });
    const exact = await createExactIndex(corpus, { engine, similarity });
    const [found, wanted] = [await index.search(queries, k), await exact.search(queries, count)];
    let hits = 0;
    for (const [i, { ids: got, scores }] of found.entries()) {
      const scoreOf = new Map(wanted[i]!.ids.map((id, rank) => [id, wanted[i]!.scores[rank]!]));
      expect(got.length).toBe(k);
      expect([...scores]).toEqual(got.map((id) => scoreOf.get(id)));
      expect([...scores]).toEqual([...scores].sort((a, b) => b - a));
      const best = new Set(wanted[i]!.ids.slice(0, k));
      hits += got.filter((id) => best.has(id)).length;
    }
    const { recall, ...report } = await index.report();
    expect(report).toEqual({
      kind: "hnsw",
      params: { connectivity: 16, "expansion-add": 128, "expansion-search": 40, sample: 60 },
    });
    expect(recall).toMatchObject({ at: k, queries: 60 });
    expect(recall!.mean).toBeLessThan(1);
    expect(recall!.mean).toBeGreaterThan(recall!.least);
    // Of 60 of 150 queries, so near but not equal.
    expect(Math.abs(recall!.mean - hits / (k * 150))).toBeLessThan(0.05);
    const again = await createHnswIndex(corpus, { engine, similarity, params });
    expect(await again.search(queries, k)).toEqual(found);
    expect((await again.report()).recall).toEqual(recall);
  },
);

test("a wide search finds everything, one query or none at a time", async () => {
  const params = { "expansion-search": 3000 };
  const index = await createHnswIndex(corpus, { engine, similarity: "cosine", params });
  const exact = await createExactIndex(corpus, { engine, similarity: "cosine" });
  expect(await index.search(new Float32Array(0), k)).toEqual([]);
  const one = queries.slice(0, dimension);
  expect(await index.search(one, k)).toEqual(await exact.search(one, k));
  expect((await index.report()).recall).toEqual({ mean: 1, least: 1, at: k, queries: 1 });
});

test("indexes are made by kind, and parameters that a kind lacks are refused", async () => {
  const int8 = openIndexes({ kind: "int8" });
  const index = await int8.create(corpus, { engine, similarity: "cosine" });
  expect(await int8.reports()).toEqual([{ kind: "int8" }]);
  const exact = await openIndexes().create(corpus, { engine, similarity: "cosine" });
  expect(await index.search(queries, k)).toEqual(await exact.search(queries, k));
  expect(() => openIndexes({ kind: "int8", params: { connectivity: 8 } })).toThrow(/connectivity.*no parameters/);
  expect(() => openIndexes({ kind: "hnsw", params: { ef: 8 } })).toThrow(/ef.*connectivity, expansion-add/);
  expect(() => openIndexes({ kind: "hnsw", params: { connectivity: 0 } })).toThrow(/whole number from 1/);
});
