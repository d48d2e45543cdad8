import { expect, test } from "vitest";
import type { RetrievalData, TextItem } from "#nearmiss/base/types.js";
import { retrieve } from "#nearmiss/evaluate/retrieve.js";
import { bm25 } from "#nearmiss/search/bm25.js";

const items = (...texts: string[]): Map<string, TextItem> =>
  new Map(texts.map((text, i) => [String(i), { id: String(i), text }]));

const data: RetrievalData = {
  kind: "retrieval",
  format: "made up",
  source: "nowhere",
  documents: items("a b", "a b", "a c", "d"),
  queries: new Map([...items("a b", "a b"), ["q", { id: "q", text: "a c" }]]),
  splits: new Map(),
  fingerprint: "sha256:data",
};
const retriever = bm25(data.documents.values());

test("a query's own document is left out and the next one moves up, unless it is kept", async () => {
  const found = await retrieve(retriever, data, ["0", "1", "q"], 2);
  expect([...found].map(([id, { ids }]) => [id, ids])).toEqual([
    ["0", ["1", "2"]],
    ["1", ["0", "2"]],
    ["q", ["2", "0"]],
  ]);
  expect(found.get("0")!.scores.length).toBe(2);
  const kept = await retrieve(retriever, data, ["0"], 2, { keepSelf: true });
  expect(kept.get("0")!.ids).toEqual(["0", "1"]);
});

test("a query that the data lack is refused", async () => {
  await expect(retrieve(retriever, data, ["zebra"], 2)).rejects.toThrow(/found: zebra/);
});
