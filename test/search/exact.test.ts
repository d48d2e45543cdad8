import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { compareCodePoints } from "#nearmiss/base/text.js";
import type { Hits, Similarity } from "#nearmiss/base/types.js";
import { createInterpreterEngine } from "#nearmiss/engine/interpreter.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import type { Engine } from "#nearmiss/engine/types.js";
import { createExactIndex } from "#nearmiss/search/exact.js";
import { vectorSource } from "#nearmiss/search/vector-source.js";

function similarityOf(kind: Similarity, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return kind === "dot" ? dot : aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb);
}

const rowsOf = (data: Float32Array, dimension: number): Float32Array[] =>
  Array.from({ length: data.length / dimension }, (_, i) => data.subarray(i * dimension, (i + 1) * dimension));

function normalVectors(rows: number, dimension: number, name: string): Float32Array {
  const generator = rng(1, name);
  return Float32Array.from({ length: rows * dimension }, () => generator.normal());
}

async function search(
  engine: Engine | undefined,
  similarity: Similarity,
  ids: readonly string[],
  documents: Float32Array,
  queries: Float32Array,
  dimension: number,
  k: number,
  precision: "float32" | "int8" = "float32",
): Promise<Hits[]> {
  const index = await createExactIndex(vectorSource(ids, documents, dimension), {
    similarity,
    precision,
    ...(engine === undefined ? {} : { engine }),
  });
  try {
    return await index.search(queries, k);
  } finally {
    await index.close();
  }
}

const engines: [string, () => Promise<Engine | undefined>][] = [
  ["plain TypeScript", async () => undefined],
  ["the interpreter", async () => createInterpreterEngine()],
  ["onnxruntime", async () => createEngine({ threads: 2 })],
];

describe.each(engines)("on %s", (_name, create) => {
  let engine: Engine | undefined;
  beforeAll(async () => {
    engine = await create();
  });
  afterAll(() => engine?.close());

  test("equals sorting all similarities", async () => {
    // Small whole numbers are exact in every arithmetic, so ties are ties.
    const element = fc.integer({ min: -2, max: 2 });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.constantFrom("b", "a", "é", "\u{1f600}", "\uffee", "10", "9", "__proto__"), { minLength: 1 }),
        fc.array(element, { minLength: 27, maxLength: 27 }),
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 1, max: 10 }),
        async (ids, values, queryCount, k) => {
          const documents = Float32Array.from({ length: ids.length * 3 }, (_, i) => values[(7 * i) % 27]!);
          const queries = Float32Array.from(values.slice(0, queryCount * 3));
          const found = await search(engine, "dot", ids, documents, queries, 3, k);
          expect(found.length).toBe(queryCount);
          rowsOf(queries, 3).forEach((query, i) => {
            const want = rowsOf(documents, 3)
              .map((document, row) => ({ id: ids[row]!, score: similarityOf("dot", query, document) }))
              .sort((a, b) => b.score - a.score || compareCodePoints(a.id, b.id))
              .slice(0, k);
            expect(found[i]!.ids).toEqual(want.map(({ id }) => id));
            // Adding 0 turns −0, which some arithmetic gives, into 0.
            expect(Array.from(found[i]!.scores, (score) => score + 0)).toEqual(want.map(({ score }) => score + 0));
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  test.each(["cosine", "dot"] as const)("streams more documents than a block and finds the same: %s", async (kind) => {
    const [count, dimension] = [4500, 4];
    const ids = Array.from({ length: count }, (_, i) => `d${(i * 7919) % count}`);
    const documents = normalVectors(count, dimension, "documents");
    const queries = normalVectors(3, dimension, "queries");
    const found = await search(engine, kind, ids, documents, queries, dimension, 50);
    rowsOf(queries, dimension).forEach((query, i) => {
      const scores = rowsOf(documents, dimension).map((document) => similarityOf(kind, query, document));
      const byId = new Map(ids.map((id, row) => [id, scores[row]!]));
      const want = [...scores].sort((a, b) => b - a).slice(0, 50);
      found[i]!.ids.forEach((id, rank) => {
        // A few units in the last place of float32.
        const tolerance = 1e-6 * Math.max(1, Math.abs(want[rank]!));
        expect(Math.abs(found[i]!.scores[rank]! - want[rank]!)).toBeLessThan(tolerance);
        expect(Math.abs(found[i]!.scores[rank]! - byId.get(id)!)).toBeLessThan(tolerance);
      });
    });
  });

  test("a score does not depend on the other queries, nor a tie on the order of the documents", async () => {
    const dimension = 48;
    const documents = normalVectors(300, dimension, "documents");
    // Every document stands there twice, far apart.
    const ids = Array.from({ length: 600 }, (_, i) => `d${i}`);
    const twice = new Float32Array(2 * documents.length);
    twice.set(documents);
    twice.set(documents, documents.length);
    const queries = normalVectors(600, dimension, "queries");
    const all = await search(engine, "cosine", ids, twice, queries, dimension, 9);
    for (const i of [0, 511, 512, 599]) {
      const [alone] = await search(
        engine,
        "cosine",
        ids,
        twice,
        queries.slice(i * dimension, (i + 1) * dimension),
        dimension,
        9,
      );
      expect(alone).toEqual(all[i]);
    }
    const { ids: first, scores } = all[0]!;
    for (let i = 0; i + 1 < 8; i += 2) {
      expect(scores[i]).toBe(scores[i + 1]);
      expect(compareCodePoints(first[i]!, first[i + 1]!)).toBeLessThan(0);
    }
  });

  test("a zero vector has cosine 0 with everything", async () => {
    const [zero, other] = await search(
      engine,
      "cosine",
      ["a", "b", "c"],
      Float32Array.of(-1, 0, 0, 0, 3, 4),
      Float32Array.of(0, 0, 6, 8),
      2,
      3,
    );
    expect([zero!.ids, [...zero!.scores].map((score) => score + 0)]).toEqual([
      ["a", "b", "c"],
      [0, 0, 0],
    ]);
    expect(other!.ids).toEqual(["c", "b", "a"]);
    expect(other!.scores[0]).toBeCloseTo(1, 6);
  });

  test("vectors that are not finite are refused by name", async () => {
    const bad = Float32Array.of(1, 0, 0, Number.NaN);
    const good = Float32Array.of(1, 0, 0, 1);
    await expect(search(engine, "dot", ["x", "y"], bad, good, 2, 1)).rejects.toThrow(/document y/);
    await expect(search(engine, "cosine", ["x", "y"], good, bad, 2, 1)).rejects.toThrow(/query vector 1/);
  });
});

test.each(["cosine", "dot"] as const)("8-bit integers find the same hits with the same scores: %s", async (kind) => {
  const engine = await createEngine({ threads: 2 });
  const [count, dimension] = [5000, 64];
  const ids = Array.from({ length: count }, (_, i) => `d${(i * 7919) % count}`);
  const documents = normalVectors(count, dimension, "documents");
  const queries = normalVectors(40, dimension, "queries");
  const given = [engine, kind, ids, documents, queries, dimension, 60] as const;
  expect(await search(...given, "int8")).toEqual(await search(...given));
  await engine.close();
});

test("sizes that do not fit and repeated ids are refused", async () => {
  expect(() => vectorSource(["a"], new Float32Array(3), 2)).toThrow(/found: 3 values; expected: 1 × 2/);
  await expect(search(undefined, "dot", ["a", "a"], new Float32Array(4), new Float32Array(2), 2, 1)).rejects.toThrow(
    /same id.*found: a/,
  );
  await expect(search(undefined, "dot", ["a"], new Float32Array(2), new Float32Array(3), 2, 1)).rejects.toThrow(
    /multiple of 2/,
  );
});
