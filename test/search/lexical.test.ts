import fc from "fast-check";
import { expect, test } from "vitest";
import { compareCodePoints } from "#nearmiss/base/text.js";
import type { TextItem } from "#nearmiss/base/types.js";
import { bm25 } from "#nearmiss/search/bm25.js";
import { lexicalTokens } from "#nearmiss/search/lexical-tokens.js";
import { tfIdf } from "#nearmiss/search/tf-idf.js";

const words = fc.array(fc.constantFrom("red", "blue", "constructor", "__proto__", "the", "水", "水火", "A"), {
  maxLength: 8,
});
const corpora = fc
  .uniqueArray(fc.tuple(fc.constantFrom("b", "a", "c", "é", "constructor", "__proto__", "10", "9"), words), {
    selector: ([id]) => id,
    minLength: 1,
  })
  .map((rows) => rows.map(([id, text]): TextItem => ({ id, text: text.join(" ") })));

type Score = (query: string[], document: string[], corpus: string[][]) => number;
const times = (token: string, tokens: string[]): number => tokens.filter((one) => one === token).length;
const holding = (token: string, corpus: string[][]): number => corpus.filter((one) => one.includes(token)).length;

const obviousBm25: Score = (query, document, corpus) => {
  const mean = corpus.flat().length / corpus.length;
  return query.reduce((sum, token) => {
    const df = holding(token, corpus);
    const tf = times(token, document);
    const idf = Math.log(1 + (corpus.length - df + 0.5) / (df + 0.5));
    return tf === 0 ? sum : sum + (idf * tf) / (tf + 1.2 * (1 - 0.75 + (0.75 * document.length) / mean));
  }, 0);
};

const obviousTfIdf: Score = (query, document, corpus) => {
  const vocabulary = [...new Set(corpus.flat())];
  const vector = (tokens: string[]): number[] =>
    vocabulary.map((token) => {
      const tf = times(token, tokens);
      return tf === 0 ? 0 : (1 + Math.log(tf)) * (1 + Math.log((1 + corpus.length) / (1 + holding(token, corpus))));
    });
  const q = vector(query);
  const d = vector(document);
  const norm = Math.hypot(...q) * Math.hypot(...d);
  return norm === 0 ? 0 : q.reduce((sum, x, i) => sum + x * d[i]!, 0) / norm;
};

test.each([
  ["bm25", bm25, obviousBm25],
  ["tf-idf", tfIdf, obviousTfIdf],
] as const)("%s equals its formula on any corpus, sorted by score and id", async (_name, make, score) => {
  await fc.assert(
    fc.asyncProperty(corpora, words, fc.integer({ min: 1, max: 9 }), async (documents, query, k) => {
      const tokens = documents.map(({ text }) => lexicalTokens(text));
      const want = documents
        .map(({ id }, i) => ({ id, score: score(lexicalTokens(query.join(" ")), tokens[i]!, tokens) }))
        .filter((hit) => hit.score > 0);
      const [found] = await make(documents).search([{ id: "q", text: query.join(" ") }], k);
      const byId = new Map(want.map((hit) => [hit.id, hit.score]));
      expect(found!.ids.length).toBe(Math.min(k, want.length));
      found!.ids.forEach((id, i) => {
        expect(found!.scores[i]).toBeCloseTo(byId.get(id)!, 12);
        if (i === 0) return;
        const step = found!.scores[i - 1]! - found!.scores[i]!;
        expect(step > 0 || (step === 0 && compareCodePoints(found!.ids[i - 1]!, id) < 0)).toBe(true);
      });
      const worst = found!.scores[found!.scores.length - 1] ?? 0;
      for (const hit of want) if (!found!.ids.includes(hit.id)) expect(hit.score).toBeLessThanOrEqual(worst + 1e-12);
    }),
  );
});

test("tokens are words in lower case and pairs of Han characters", () => {
  expect(lexicalTokens("It's 3 E-mails, ÄB 重置密码 x密y")).toEqual([
    "it",
    "s",
    "3",
    "e",
    "mails",
    "b",
    "重置",
    "置密",
    "密码",
    "x",
    "密",
    "y",
  ]);
});

test("documents without a shared term are not found", async () => {
  const documents = [
    { id: "2", text: "Red herring" },
    { id: "1", text: "red herring" },
    { id: "3", text: "" },
    { id: "4", text: "blue whale" },
  ];
  const [found, none] = await bm25(documents).search(
    [
      { id: "q", text: "RED" },
      { id: "r", text: "zebra" },
    ],
    10,
  );
  expect(found!.ids).toEqual(["1", "2"]);
  expect(found!.scores[0]).toBe(found!.scores[1]);
  expect(none!.ids).toEqual([]);
});

test("ties go to the lower id by code point", async () => {
  const ids = ["b", "\u{1f600}", "\uffee", "B", "10", "9"];
  const [found] = await tfIdf(ids.map((id) => ({ id, text: "same" }))).search([{ id: "q", text: "same" }], 5);
  expect(found!.ids).toEqual(["10", "9", "B", "b", "\uffee"]);
});

test("repeated query tokens count again in BM25", async () => {
  const retriever = bm25([
    { id: "1", text: "a b" },
    { id: "2", text: "c d e" },
  ]);
  const [once, twice] = await retriever.search(
    [
      { id: "q", text: "a" },
      { id: "r", text: "a a" },
    ],
    1,
  );
  expect(twice!.scores[0]).toBeCloseTo(2 * once!.scores[0]!, 15);
});

test("fingerprints follow content and parameters, not the order of the documents", () => {
  const one = { id: "1", text: "a" };
  const two = { id: "2", text: "b" };
  expect(bm25([one, two]).fingerprint).toBe(bm25([two, one]).fingerprint);
  expect(bm25([one, two]).fingerprint).not.toBe(bm25([one, two], { b: 0 }).fingerprint);
  expect(bm25([one, two]).fingerprint).not.toBe(bm25([one, { id: "2", text: "c" }]).fingerprint);
  expect(bm25([one, two]).fingerprint).not.toBe(tfIdf([one, two]).fingerprint);
});

test("bad input is refused", () => {
  expect(() =>
    bm25([
      { id: "1", text: "a" },
      { id: "1", text: "b" },
    ]),
  ).toThrow(/same id.*found: 1/);
  expect(() => bm25([], { k1: -1 })).toThrow(/k1/);
  expect(() => bm25([], { b: 1.1 })).toThrow(/0 … 1/);
});

test("an empty corpus finds nothing", async () => {
  expect((await bm25([]).search([{ id: "q", text: "a" }], 3))[0]!.ids).toEqual([]);
  expect((await tfIdf([]).search([{ id: "q", text: "a" }], 3))[0]!.ids).toEqual([]);
});
