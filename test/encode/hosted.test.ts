import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { openHosted } from "#nearmiss/encode/hosted.js";
import { openVectorCache } from "#nearmiss/encode/vector-cache.js";
import { evaluate } from "#nearmiss/front/evaluate.js";
import { writePairs } from "../cli/pairs.js";
import { serveVectors, vectorOf } from "./server.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-hosted-"));
afterAll(() => rmSync(folder, { recursive: true }));

let server: Server;
afterEach(() => new Promise((resolve) => server.close(resolve)));

const serve: typeof serveVectors = async (respond) => {
  const served = await serveVectors(respond);
  server = served.server;
  return served;
};

test("vectors come in the order of the texts, each distinct text is sent once, and the cost is counted", async () => {
  const { url, requests } = await serve();
  const model = openHosted(url, { warnings: collectWarnings(), batch: 2 });
  const texts = ["a", "bb", "ccc", "a", "abc"];
  const { data, rows, dimension } = await model.encode(texts);
  expect([rows, dimension]).toEqual([5, 3]);
  expect([...data]).toEqual(texts.flatMap(vectorOf));
  expect(requests.flatMap(({ input }) => input).sort()).toEqual(["a", "abc", "bb", "ccc"]);
  expect(requests.every(({ model: name, input }) => name === "letters" && input.length <= 2)).toBe(true);
  expect(model.usage()).toEqual({ requests: 2, texts: 4, tokens: 14 });
});

test("what the cache has is not asked for again", async () => {
  const { url, requests } = await serve();
  const open = () => openHosted(url, { warnings: collectWarnings(), cache: openVectorCache(join(folder, "cache")) });
  const first = await open().encode(["a", "ab", "abc"]);
  requests.length = 0;
  const second = await open().encode(["abc", "a", "cab", "ab"]);
  expect(requests.flatMap(({ input }) => input)).toEqual(["cab"]);
  expect([...second.data.subarray(0, 3)]).toEqual([...first.data.subarray(6)]);
  const third = open();
  expect((await third.encode(["cab", "abc"])).dimension).toBe(3);
  expect(third.usage()).toEqual({ requests: 0, texts: 0, tokens: 0 });
});

test("a failure in the middle loses no batch that came before: nothing is paid twice", async () => {
  const texts = ["a", "b", "c", "ab", "bc", "ca", "abc"];
  let down = true;
  const { url, requests } = await serve((_, count) => (down && count > 2 ? { status: 503, body: "down" } : null));
  const cache = join(folder, "middle");
  const open = (kept: boolean) =>
    openHosted(url, {
      warnings: collectWarnings(),
      ...(kept ? { cache: openVectorCache(cache) } : {}),
      ...{ batch: 2, attempts: 2, patience: 1 },
    });
  await expect(open(true).encode(texts)).rejects.toThrow(/asked 2 times; all batches before this one are in the cache/);
  down = false;
  requests.length = 0;
  const again = open(true);
  expect([...(await again.encode(texts)).data]).toEqual(texts.flatMap(vectorOf));
  expect(requests.flatMap(({ input }) => input)).toEqual(["bc", "ca", "abc"]);
  down = true;
  await expect(open(false).encode(texts)).rejects.toThrow(/without a cache, what came before is lost/);
});

test("vectors of another length under a name that the cache knows are told", async () => {
  let length = 3;
  const { url } = await serve(({ input }) => ({
    body: JSON.stringify({ data: input.map(() => ({ embedding: Array(length).fill(1) })) }),
  }));
  const open = () => openHosted(url, { warnings: collectWarnings(), cache: openVectorCache(join(folder, "other")) });
  await open().encode(["a"]);
  length = 4;
  await expect(open().encode(["b"])).rejects.toThrow(/4 numbers.*expected: 3.*another --cache/);
});

test("a busy server is asked again, as it says; a warning counts it", async () => {
  const { url } = await serve((_, count) =>
    count < 3 ? { status: 429, headers: { "retry-after": "0" }, body: "slow down" } : null,
  );
  const warnings = collectWarnings();
  const { rows } = await openHosted(url, { warnings }).encode(["a"]);
  expect(rows).toBe(1);
  expect(warnings.list()).toMatchObject([{ code: "asked-again", count: 2 }]);
});

test("a connection that breaks in the middle of an answer is asked again", async () => {
  const { url } = await serve((_, count) => (count === 1 ? { broken: true } : null));
  const warnings = collectWarnings();
  expect((await openHosted(url, { warnings, patience: 1 }).encode(["a"])).rows).toBe(1);
  expect(warnings.list()).toMatchObject([{ code: "asked-again", count: 1 }]);
});

test.each([
  [
    "a refused key",
    { status: 401, body: "no" },
    { code: "no-access", exitCode: 2, message: expect.stringContaining("NEARMISS_API_KEY") },
  ],
  [
    "an unknown model",
    { status: 404, body: "no such model" },
    { code: "hosted-model", exitCode: 1, message: expect.stringContaining("no such model") },
  ],
  [
    "a page instead of vectors",
    { body: "<html>" },
    { code: "hosted-model", message: expect.stringContaining("<html>") },
  ],
  [
    "vectors of no numbers",
    { body: '{"data": [{"embedding": []}, {"embedding": []}]}' },
    { code: "hosted-model", message: expect.stringContaining("no list of vectors") },
  ],
  [
    "too few vectors",
    { body: '{"data": []}' },
    { code: "hosted-model", message: expect.stringContaining("0 vectors") },
  ],
  [
    "a failure that lasts",
    { status: 503, body: "down" },
    { code: "hosted-model", message: expect.stringContaining("asked 2 times") },
  ],
])("%s is told in one message", async (_, response, error) => {
  const { url } = await serve(() => response);
  const model = openHosted(url, { warnings: collectWarnings(), attempts: 2, patience: 1 });
  await expect(model.encode(["a", "b"])).rejects.toMatchObject(error);
});

test("a URL without a name says how to name a model", async () => {
  const { url } = await serve();
  expect(() => openHosted(url.replace("#letters", ""), { warnings: collectWarnings() })).toThrow(
    "https://host/v1#name",
  );
});

test("a hosted model is measured like any other", async () => {
  const { url } = await serve();
  writePairs(join(folder, "data"));
  const result = await evaluate({ data: join(folder, "data"), model: url, split: "train", baselines: ["bm25"] });
  expect(result.systems.map(({ kind }) => kind)).toEqual(["model", "bm25"]);
  expect(result.systems[0]?.measures["ndcg@10"]?.n).toBeGreaterThan(0);
});
