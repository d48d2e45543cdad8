import fc from "fast-check";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { measureLabelled, parseLabelledMeasures } from "#nearmiss/evaluate/labelled-measures.js";
import { type ItemLabels, listed } from "#nearmiss/evaluate/labels.js";
import { type MatchRankOptions, matchRanks } from "#nearmiss/evaluate/match-ranks.js";

const all = ["precision@1", "precision@3", "recall@3", "hit@3", "r-precision", "map@r", "map", "mrr"];
const measure = (options: MatchRankOptions, names: readonly string[] = all) =>
  measureLabelled({ ...options, measures: parseLabelledMeasures(names) });

/** Measures of one query by the book, from the references' relevance in order. */
function slow(relevant: readonly boolean[]): Record<string, number> {
  const R = relevant.filter(Boolean).length;
  const hits = (k: number): number => relevant.slice(0, k).filter(Boolean).length;
  const ap = (k: number): number =>
    relevant.slice(0, k).reduce((sum, one, i) => sum + (one ? hits(i + 1) / (i + 1) : 0), 0) / R;
  return {
    "precision@1": hits(1),
    "precision@3": hits(3) / 3,
    "recall@3": hits(3) / R,
    "hit@3": Math.min(1, hits(3)),
    "r-precision": hits(R) / R,
    "map@r": ap(R),
    map: ap(relevant.length),
    mrr: 1 / (relevant.indexOf(true) + 1),
  };
}

const points = (size: number, dimension: number) =>
  fc.array(fc.integer({ min: -2, max: 2 }), { minLength: size * dimension, maxLength: size * dimension });

test("every measure equals a slow recomputation: ties, several labels an item, a set of references or leave-one-out", async () => {
  const label = fc.oneof(
    fc.constantFrom<ItemLabels>("a", 1, 1n, "1"),
    fc.uniqueArray(fc.constantFrom("a", "b", 1n), { maxLength: 2 }),
  );
  const set = (size: number) =>
    fc.record({ vectors: points(size, 2), labels: fc.array(label, { minLength: size, maxLength: size }) });
  const similarity = fc.constantFrom("dot", "l2" as const);
  await fc.assert(
    fc.asyncProperty(set(7), fc.option(set(9), { nil: undefined }), similarity, async (queries, references, kind) => {
      const searched = references ?? queries;
      const at = (set: { vectors: number[] }, row: number): [number, number] => [
        set.vectors[2 * row]!,
        set.vectors[2 * row + 1]!,
      ];
      const each = queries.labels.map((own, query) => {
        const [x, y] = at(queries, query);
        const scored = searched.labels.map((other, row) => {
          const [u, v] = at(searched, row);
          const score = kind === "dot" ? x * u + y * v : -((x - u) ** 2 + (y - v) ** 2);
          return { row, score, relevant: listed(other).some((one) => listed(own).includes(one)) };
        });
        const ranked = scored
          .filter(({ row }) => references !== undefined || row !== query)
          .sort((a, b) => b.score - a.score || a.row - b.row);
        return ranked.map(({ relevant }) => relevant);
      });
      const measured = each.filter((relevant) => relevant.includes(true));
      const vectors = (set: { vectors: number[]; labels: readonly ItemLabels[] }) => ({
        ...set,
        vectors: Float64Array.from(set.vectors),
      });
      const got = measure({
        queries: vectors(queries),
        references: references && vectors(references),
        dimension: 2,
        similarity: kind,
      });
      if (measured.length === 0) {
        await expect(got).rejects.toThrow(/no item shares a label/);
        return;
      }
      const { means, lone } = await got;
      expect(lone).toBe(each.length - measured.length);
      const values = measured.map(slow);
      for (const name of all)
        expect(means.get(name), name).toBeCloseTo(values.reduce((sum, one) => sum + one[name]!, 0) / values.length, 12);
    }),
    { numRuns: 200 },
  );
});

/** Points around the corners of a cube, one label a corner. */
function clusters(size: number, spread: number): { vectors: Float32Array; labels: number[] } {
  const generator = rng(1, "clusters");
  const labels = Array.from({ length: size }, () => generator.int(8));
  const vectors = Float32Array.from(
    labels.flatMap((corner) => [0, 1, 2].map((axis) => ((corner >> axis) & 1) * 2 - 1 + spread * generator.normal())),
  );
  return { vectors, labels };
}

test("each measure works when asked for alone", async () => {
  const queries = clusters(60, 0.8);
  const together = (await measure({ queries, dimension: 3, similarity: "cosine" })).means;
  for (const name of all)
    expect((await measure({ queries, dimension: 3, similarity: "cosine" }, [name])).means).toEqual(
      new Map([[name, together.get(name)]]),
    );
});

test("integers that differ in their last bit are two labels", async () => {
  const vectors = Float32Array.of(0, 1, 10, 11);
  const collide = [
    [2 ** 24, 2 ** 24 + 1, 2 ** 24, 2 ** 24 + 1],
    [2n ** 53n, 2n ** 53n + 1n, 2n ** 53n, 2n ** 53n + 1n],
  ];
  for (const labels of collide)
    expect(
      (await measure({ queries: { vectors, labels }, dimension: 1, similarity: "l2" })).means.get("precision@1"),
    ).toBe(0);
});

test("an engine gives what plain loops give, over several blocks of queries and references", async () => {
  const queries = clusters(600, 0.7);
  const references = clusters(2100, 0.9);
  const engine = await createEngine({ threads: 1 });
  try {
    for (const similarity of ["cosine", "l2"] as const) {
      const plain = await measure({ queries, references, dimension: 3, similarity });
      const { means } = await measure({ queries, references, dimension: 3, similarity, engine });
      for (const [name, value] of plain.means) expect(means.get(name), name).toBeCloseTo(value, 4);
    }
  } finally {
    await engine.close();
  }
});

test("what cannot be measured is refused, with the row", async () => {
  const vectors = Float32Array.of(0, 1, Number.NaN, 2, 3, 4);
  const labels = ["a", "a", "b"];
  await expect(matchRanks({ queries: { vectors, labels }, dimension: 2, similarity: "l2" })).rejects.toThrow(/query 1/);
  await expect(matchRanks({ queries: { vectors, labels }, dimension: 3, similarity: "l2" })).rejects.toThrow(
    /6 values.*3 labels × 3/,
  );
  const fine = { vectors: Float32Array.of(0, 1), labels: [Number.NaN, 1] };
  await expect(matchRanks({ queries: fine, dimension: 1, similarity: "l2" })).rejects.toThrow(/NaN of item 0/);
  for (const name of ["map@5", "mrr@10", "recall", "recall@0", "recall@k", "precision@"])
    expect(() => parseLabelledMeasures([name]), name).toThrow(/not known/);
});

test("nobody to match: nothing to measure; a lone item is counted", async () => {
  const vectors = Float32Array.of(0, 1, 5);
  await expect(
    measure({ queries: { vectors, labels: ["a", "b", "c"] }, dimension: 1, similarity: "l2" }),
  ).rejects.toThrow(/no item/);
  const { lone, measured, means } = await measure({
    queries: { vectors, labels: ["a", "a", "c"] },
    dimension: 1,
    similarity: "l2",
  });
  expect([lone, [...measured], means.get("map@r")]).toEqual([1, [0, 1], 1]);
});
