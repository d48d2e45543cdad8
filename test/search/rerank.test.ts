import { expect, test } from "vitest";
import type { Hits, Retriever, TextItem } from "#nearmiss/base/types.js";
import { type Reranker, rerank } from "#nearmiss/search/rerank.js";

const documents = new Map(["a", "b", "c", "d", "e"].map((id) => [id, { id, text: `text ${id}` }]));
const query = { id: "q", text: "query" };

const first: Retriever = {
  name: "first",
  fingerprint: "sha256:first",
  search: async (queries, k) =>
    queries.map(() => ({
      ids: ["e", "d", "c", "b", "a"].slice(0, k),
      scores: Float64Array.of(9, 7, 5, 4.5, 0).slice(0, k),
    })),
};

function judge(scores: Readonly<Record<string, number>>, seen: string[] = []): Reranker {
  return {
    name: "judge",
    fingerprint: "sha256:judge",
    async score({ text }, items: readonly TextItem[]) {
      seen.push(...items.map((item) => `${text}: ${item.text}`));
      return items.map(({ id }) => scores[id] as number);
    },
  };
}

const shown = ({ ids, scores }: Hits) => ids.map((id, i) => [id, scores[i]]);

test("the first documents in the reranker's order, equal scores by id, the others below them", async () => {
  const seen: string[] = [];
  const both = rerank(first, judge({ e: -2, d: 0.5, c: 0.5 }, seen), { documents, depth: 3 });
  const [hits] = await both.search([query], 5);
  expect(shown(hits!)).toEqual([
    ["c", 0.5],
    ["d", 0.5],
    ["e", -2],
    ["b", -3],
    ["a", -7.5],
  ]);
  expect(seen).toEqual(["query: text e", "query: text d", "query: text c"]);
  // More is reranked than is asked for: the best of them may come from below.
  expect(shown((await both.search([query], 1))[0]!)).toEqual([["c", 0.5]]);
  expect([both.name, both.fingerprint === rerank(first, judge({}), { documents, depth: 4 }).fingerprint]).toEqual([
    "first+judge",
    false,
  ]);
});

test("nothing found stays nothing; a score that is no number, or a document without text, is an error", async () => {
  const empty: Retriever = {
    ...first,
    search: async (queries) => queries.map(() => ({ ids: [], scores: new Float64Array(0) })),
  };
  expect((await rerank(empty, judge({}), { documents }).search([query], 3))[0]!.ids).toEqual([]);
  await expect(
    rerank(first, judge({ e: 1, d: Number.NaN, c: 1 }), { documents, depth: 3 }).search([query], 3),
  ).rejects.toThrow(/document d/);
  await expect(rerank(first, judge({ e: 1 }), { documents: new Map(), depth: 1 }).search([query], 1)).rejects.toThrow(
    /found: e/,
  );
});
