import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadData } from "#nearmiss/data/load.js";
import { writeNpy } from "#nearmiss/data/vectors.js";
import { serveVectors, vectorOf } from "../encode/server.js";
import { nearmiss, nearmissBeside, nearmissHere } from "./nearmiss.js";
import { writePairs } from "./pairs.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-vectors-"));
const at = (name: string): string => join(folder, name);
const given = ["--vectors", at("q.npy"), at("d.npy")];

beforeAll(async () => {
  writePairs(at("data"));
  const data = await loadData(at("data"));
  for (const [file, items] of [["q.npy", data.queries] as const, ["d.npy", data.documents] as const]) {
    const vectors = [...items.values()].map(({ id, text }) => ({ id, vector: Float32Array.from(vectorOf(text)) }));
    await writeNpy(at(file), vectors, [vectors.length, 3]);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...argv: readonly string[]) {
  const { code, out } = await nearmissHere([...argv, "--json", "--cache", at("cache")]);
  return { code, ...JSON.parse(out) };
}

test("eval takes vectors instead of a model, beside one, and several models under the names that were typed", async () => {
  const argv = ["eval", "--data", at("data"), "--measures", "hit@1", ...given];
  const namesOf = ({ result }: { result: { systems: { name: string }[] } }) => result.systems.map(({ name }) => name);
  expect(namesOf(await run(...argv))).toEqual(["vectors", "bm25", "tf-idf"]);
  expect(namesOf(await run(...argv, "--model", "bm25"))).toEqual(["bm25", "vectors", "tf-idf"]);
  const several = await run(...argv, "--model", "tf-idf", "--model", "vectors", "--model", "bm25");
  expect(namesOf(several)).toEqual(["tf-idf", "vectors", "bm25"]);
  expect(several.result.comparisons.map(({ adjusted }: { adjusted: object }) => adjusted)).toHaveLength(2);
  expect(several.timing).not.toHaveProperty("usage");
  expect(nearmiss(argv).out).toMatch(/^vectors +0\.\d/m);
});

test("mine takes vectors instead of a model", async () => {
  const argv = ["mine", "--data", at("data"), ...given, "--sampler", "top-k", "--out"];
  const { result } = await run(...argv, at("mined.jsonl"));
  expect(result.queries).toBeGreaterThan(20);
  expect(JSON.parse(readFileSync(at("mined.jsonl"), "utf8").split("\n")[0]!).negative_rank).toBeGreaterThan(0);
  expect(await run(...argv, at("x.jsonl"), "--model", "bm25")).toMatchObject({ code: 2, error: { code: "bad-usage" } });
});

test("a head is trained, measured beside the vectors it stands on, mined with, and put on other vectors", async () => {
  const run1 = ["--data", at("data"), ...given];
  const { result } = await run("train", ...run1, "--out", at("run"), "--epochs", "2", "--batch-size", "16");
  expect(result.evaluation.systems.map(({ name }: { name: string }) => name)).toEqual([
    "model",
    "bm25",
    "tf-idf",
    "vectors",
  ]);
  expect(JSON.parse(readFileSync(at("run/config.json"), "utf8"))).toMatchObject({
    model: "linear",
    vectors: { queries: at("q.npy"), documents: at("d.npy") },
  });
  const head = ["--model", at("run/model")];
  const { systems } = (await run("eval", ...run1, ...head, "--baselines", "none")).result;
  expect(systems).toMatchObject([
    { name: "model", measures: result.evaluation.systems[0].measures },
    { name: "vectors", measures: result.evaluation.systems[3].measures },
  ]);
  expect((await run("mine", ...run1, ...head, "--sampler", "top-k", "--out", at("head.jsonl"))).code).toBe(0);
  const embedded = await run("embed", ...head, "--input", at("q.npy"), "--output", at("tuned.npy"));
  expect(embedded.result).toMatchObject({ texts: 96, dimension: 3 });
  expect(readFileSync(at("tuned.npy.ids.txt"))).toEqual(readFileSync(at("q.npy.ids.txt")));
  const again = await run("train", "--config", at("run/config.json"), "--out", at("again"));
  expect(again.result.fingerprint).toBe(result.fingerprint);
  expect((await run("train", ...run1, "--out", at("dry"), "--dry-run")).result.model).toEqual({
    family: "mlp",
    dimension: 3,
    parameters: 12,
  });
  expect(await run("eval", "--data", at("data"), ...head)).toMatchObject({ code: 2, error: { code: "bad-usage" } });
});

test("what a server was asked for and its cost stand in the table, and under timing", async () => {
  const { server, url } = await serveVectors();
  const argv = [
    "eval",
    "--data",
    at("data"),
    "--measures",
    "hit@1",
    "--baselines",
    "none",
    "--model",
    url,
    "--model",
    "bm25",
  ];
  const rest = ["--price", "2", "--cache", at("served")];
  const first = await nearmissBeside([...argv, ...rest, "--json"]);
  const again = await nearmissBeside([...argv, ...rest, "--json"]);
  const shown = await nearmissBeside([...argv, ...rest, "--cache", at("fresh")]);
  const mined = ["mine", "--data", at("data"), "--model", url, "--sampler", "top-k", "--out", at("served.jsonl")];
  const mining = await nearmissBeside([...mined, "--cache", at("fresh"), "--json"]);
  server.close();
  const [cold, warm] = [JSON.parse(first.out), JSON.parse(again.out)];
  expect(cold.result.systems.map(({ name }: { name: string }) => name)).toEqual([url, "bm25"]);
  expect(cold.timing.usage).toEqual([{ name: url, requests: 3, texts: 115, tokens: 21, cost: 42e-6 }]);
  expect(warm.timing.usage).toEqual([{ name: url, requests: 0, texts: 0, tokens: 0, cost: 0 }]);
  expect(warm.result).toEqual(cold.result);
  expect(shown.out).toMatch(/requests +tokens +cost/);
  expect(shown.out).toMatch(/#letters .* 3 +21 +0\.000042$/m);
  expect(JSON.parse(mining.out).timing.usage).toMatchObject({ requests: 1 });
});

test("an index is chosen by name: int8 finds what the exact one finds, hnsw says how much of it", async () => {
  const argv = ["mine", "--data", at("data"), ...given, "--sampler", "top-k", "--force", "--out", at("indexed.jsonl")];
  const mined = async (...more: string[]) => {
    const { result } = await run(...argv, ...more);
    return { result, file: readFileSync(at("indexed.jsonl"), "utf8") };
  };
  const { index: none, ...exact } = (await mined()).result;
  expect(none).toBeUndefined();
  const { file } = await mined();
  expect(await mined("--index", "int8")).toEqual({ result: { ...exact, index: { kind: "int8" } }, file });
  const { index } = (await mined("--index", "hnsw", "--index-param", "sample=7")).result;
  expect(index.params).toMatchObject({ connectivity: 16, sample: 7 });
  expect(index.recall).toMatchObject({ queries: 7 });
  expect(index.recall.mean).toBeGreaterThan(0.9);
  const evaluated = ["eval", "--data", at("data"), "--measures", "hit@1", ...given, "--index", "hnsw"];
  expect((await run(...evaluated)).result.indexes).toHaveLength(1);
  expect(nearmiss(evaluated).out).toMatch(/^hnsw: recall@\d+ /m);
  expect(await run("search", "paint", "--data", at("data"), "--model", "bm25", "--index", "hnsw")).toMatchObject({
    code: 2,
  });
  expect((await run(...argv, "--index-param", "m=3", "--index", "hnsw")).error.code).toBe("bad-param");
});

test.each([
  [["eval"], "usage"],
  [["eval", "--vectors", at("q.npy")], "bad-value"],
  [["eval", "--vectors", at("q.npy"), at("d.npy"), at("d.npy")], "bad-value"],
  [["eval", "--vectors", at("d.npy"), at("data/train.jsonl")], "invalid-npy"],
  [["eval", "--model", "bm25", "--model", "bm25"], "bad-usage"],
  [["eval", "--model", "bm25", "--price", "0.1"], "bad-usage"],
  [["eval", "--model", "http://127.0.0.1:9/v1#x", "--price", "-1"], "bad-value"],
  [["eval", "--model", "vectors"], "bad-usage"],
  [["mine", "--sampler", "top-k", "--out", at("never.jsonl")], "usage"],
])("%j is refused", async (argv, code) => {
  expect(await run(...argv, "--data", at("data"))).toMatchObject({ code: 2, error: { code } });
});
