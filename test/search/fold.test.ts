import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Hits, ScoringRetriever, TextItem } from "#nearmiss/base/types.js";
import { chunkDocuments } from "#nearmiss/data/chunks.js";
import { bm25 } from "#nearmiss/search/bm25.js";
import { fold, foldedRetriever } from "#nearmiss/search/fold.js";

const hits = (...pairs: readonly (readonly [string, number])[]): Hits => ({
  ids: pairs.map(([id]) => id),
  scores: Float64Array.from(pairs, ([, score]) => score),
});
const chunkOf = new Map(
  ["a", "b"].flatMap((document) => [0, 1, 2].map((index) => [`${document}#${index}`, { document, index }] as const)),
);

describe("folding hits", () => {
  const found = hits(["b#2", 5], ["a#1", 4], ["a#0", 3], ["b#0", 1]);
  test("max takes a document's best chunk, first its first one", () => {
    expect(fold(found, chunkOf, "max")).toEqual(hits(["b", 5], ["a", 4]));
    expect(fold(found, chunkOf, "first")).toEqual(hits(["a", 3], ["b", 1]));
    expect(fold(found, chunkOf, "max", 1)).toEqual(hits(["b", 5]));
  });
  test("equal scores are ordered by the document's id", () => {
    expect(fold(hits(["b#0", 1], ["a#2", 1]), chunkOf, "max")).toEqual(hits(["a", 1], ["b", 1]));
  });
  test("a hit that is no chunk is an error", () => {
    expect(() => fold(hits(["z", 1]), chunkOf, "max")).toThrow(/no chunk/);
  });
});

/** Scores written into the texts: chunk `s3 s7` holds words of scores 3 and 7; its own is the first. */
function scripted(chunks: ReadonlyMap<string, TextItem>): ScoringRetriever {
  const scoreOf = ({ text }: TextItem) => Number(/s(\d+)/.exec(text)?.[1]);
  return {
    name: "scripted",
    fingerprint: "f",
    search: async (queries, k) =>
      queries.map(() => {
        const all = [...chunks.values()].map((item) => [item.id, scoreOf(item)] as const);
        return hits(...all.sort(([idA, a], [idB, b]) => b - a || (idA < idB ? -1 : 1)).slice(0, k));
      }),
    scorePairs: async (pairs) => Float64Array.from(pairs, ({ document }) => scoreOf(document)),
  };
}

describe("a folded retriever", () => {
  test("gives the k best documents of all chunks, however many chunks they have and however equal scores are", async () => {
    const documents = fc.array(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 30 }), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(
        documents,
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom("max" as const, "first" as const),
        async (lists, k, by) => {
          const items = lists.map((scores, i) => ({ id: `d${i}`, text: scores.map((score) => `s${score}`).join(" ") }));
          const retriever = await foldedRetriever(chunkDocuments(items, { size: 1 }), by, async (chunks) =>
            scripted(chunks),
          );
          const slow = items
            .map(({ id }, i) => [id, by === "max" ? Math.max(...(lists[i] ?? [])) : (lists[i]?.[0] as number)] as const)
            .sort(([idA, a], [idB, b]) => b - a || (idA < idB ? -1 : 1));
          const query = { id: "q", text: "" };
          expect(await retriever.search([query, query], k)).toEqual(Array(2).fill(hits(...slow.slice(0, k))));
          const pairs = items.map((document) => ({ query, document }));
          const scores = await retriever.scorePairs([...pairs, { query, document: { id: "none", text: "" } }]);
          expect([...scores]).toEqual([
            ...items.map(({ id }) => slow.find(([other]) => other === id)?.[1]),
            Number.NaN,
          ]);
        },
      ),
      { numRuns: 200, seed: 5 },
    );
  });

  test("finds a document by a part that the whole would drown", async () => {
    const long = `${"filler words here ".repeat(50)}a violin in a harbour ${"more filler ".repeat(50)}`;
    const items = [
      { id: "long", text: long },
      { id: "short", text: "a violin was sold" },
    ];
    const query = { id: "q", text: "violin harbour" };
    const [whole] = await bm25(items).search([query], 2);
    const retriever = await foldedRetriever(chunkDocuments(items, { size: 20, stride: 10 }), "max", async (chunks) =>
      bm25(chunks.values()),
    );
    const [folded] = await retriever.search([query], 2);
    expect(folded?.ids).toEqual(["long", "short"]);
    expect((folded?.scores[0] ?? 0) - (folded?.scores[1] ?? 0)).toBeGreaterThan(
      (whole?.scores[0] ?? 0) - (whole?.scores[1] ?? 0),
    );
  });
});
