import { expect, test } from "vitest";
import { bm25 } from "#nearmiss/search/bm25.js";
import { tfIdf } from "#nearmiss/search/tf-idf.js";

const documents = ["a b c", "b b d", "e", "", "c d e f"].map((text, i) => ({ id: `d${i}`, text }));
const queries = ["b c", "e e b", "x", "b c"].map((text, i) => ({ id: `q${i}`, text }));

test.each([
  ["bm25", bm25(documents)],
  ["tf-idf", tfIdf(documents)],
] as const)("%s scores pairs as it searches, 0 for what it does not find", async (_, retriever) => {
  const found = await retriever.search(queries, documents.length);
  const pairs = queries.flatMap((query) => documents.map((document) => ({ query, document })));
  const want = queries.flatMap((_query, i) =>
    documents.map(({ id }) => {
      const at = found[i]?.ids.indexOf(id) ?? -1;
      return at < 0 ? 0 : (found[i]?.scores[at] as number);
    }),
  );
  expect(want.filter((score) => score > 0).length).toBe(10);
  expect([...(await retriever.scorePairs(pairs))]).toEqual(want);
});

test("a document that is not searched has no score", async () => {
  const [query] = queries as [(typeof queries)[number]];
  const scores = await bm25(documents).scorePairs([{ query, document: { id: "other", text: "b c" } }]);
  expect([...scores]).toEqual([Number.NaN]);
});
