import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadData } from "#nearmiss/data/load.js";
import { writeNpy } from "#nearmiss/data/vectors.js";
import { vectorOf } from "../encode/server.js";
import { nearmiss } from "./nearmiss.js";
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

function run(...argv: readonly string[]) {
  const { code, out } = nearmiss([...argv, "--json", "--cache", at("cache")]);
  return { code, ...JSON.parse(out) };
}

test("eval takes vectors instead of a model, beside one, and several models under the names that were typed", () => {
  const argv = ["eval", "--data", at("data"), "--measures", "hit@1", ...given];
  const namesOf = ({ result }: { result: { systems: { name: string }[] } }) => result.systems.map(({ name }) => name);
  expect(namesOf(run(...argv))).toEqual(["vectors", "bm25", "tf-idf"]);
  expect(namesOf(run(...argv, "--model", "bm25"))).toEqual(["bm25", "vectors", "tf-idf"]);
  const several = run(...argv, "--model", "tf-idf", "--model", "vectors", "--model", "bm25");
  expect(namesOf(several)).toEqual(["tf-idf", "vectors", "bm25"]);
  expect(several.result.comparisons.map(({ adjusted }: { adjusted: object }) => adjusted)).toHaveLength(2);
  expect(several.timing).not.toHaveProperty("usage");
  expect(nearmiss(argv).out).toMatch(/^vectors +0\.\d/m);
});

test("mine takes vectors instead of a model", () => {
  const argv = ["mine", "--data", at("data"), ...given, "--sampler", "top-k", "--out"];
  const { result } = run(...argv, at("mined.jsonl"));
  expect(result.queries).toBeGreaterThan(20);
  expect(JSON.parse(readFileSync(at("mined.jsonl"), "utf8").split("\n")[0]!).negative_rank).toBeGreaterThan(0);
  expect(run(...argv, at("x.jsonl"), "--model", "bm25")).toMatchObject({ code: 2, error: { code: "bad-usage" } });
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
])("%j is refused", (argv, code) => {
  expect(run(...argv, "--data", at("data"))).toMatchObject({ code: 2, error: { code } });
});
