import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nearmiss, nearmissHere } from "./nearmiss.js";
import { writePairs } from "./pairs.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-commands-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const model = at("run", "model");
const training = [
  "train",
  "--data",
  at("data"),
  "--out",
  at("run"),
  "--epochs",
  "6",
  "--batch-size",
  "16",
  "--eval-every",
  "5",
];

/** Runs a command with `--json` and returns its envelope; the exit code must be 0. */
async function json(argv: readonly string[]) {
  const { code, out, err } = await nearmissHere([...argv, "--json", "--cache", at("cache")]);
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

/** The same for a failure: exit code and error. */
async function failure(argv: readonly string[]) {
  const { code, out } = await nearmissHere([...argv, "--json", "--cache", at("cache")]);
  return { code, ...JSON.parse(out) };
}

beforeAll(async () => {
  writePairs(at("data"));
  const { result, warnings } = await json(training);
  expect(result).toMatchObject({ run: at("run"), model, best: { metric: "ndcg@10" } });
  expect(result.evaluation.systems[0]).toMatchObject({ kind: "model", fingerprint: result.fingerprint });
  expect(warnings).toBeInstanceOf(Array);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("train leaves the run folder of the contract", () => {
  for (const name of [
    "manifest.json",
    "config.json",
    "metrics.jsonl",
    "report.html",
    "model/modules.json",
    "negatives/round-0000.jsonl.gz",
  ]) {
    expect(existsSync(at("run", name)), name).toBe(true);
  }
  const page = readFileSync(at("run", "report.html"), "utf8");
  for (const text of ["Comparison", "Training loss", "Scores after training", "Most gained"])
    expect(page).toContain(text);
  expect(page).not.toContain("Not shown");
});

test("an existing run is refused, resumed when finished without a change, and repeated from its configuration", async () => {
  expect(await failure(training)).toMatchObject({ code: 2, command: "train", error: { code: "run-exists" } });
  const manifest = readFileSync(at("run", "manifest.json"), "utf8");
  const { result } = await json([...training, "--resume"]);
  expect(readFileSync(at("run", "manifest.json"), "utf8")).toBe(manifest);
  expect(await failure([...training, "--resume", "--dropout", "0.2"])).toMatchObject({
    code: 2,
    error: { code: "resume-mismatch" },
  });
  const again = await json(["train", "--config", at("run", "config.json"), "--out", at("again")]);
  expect(again.result.fingerprint).toBe(result.fingerprint);
  expect(readFileSync(at("again", "config.json"))).toEqual(readFileSync(at("run", "config.json")));
});

test("--dry-run tells what would happen and writes nothing", async () => {
  const argv = [...training.slice(0, 3), "--out", at("dry"), "--epochs", "6", "--batch-size", "16", "--dry-run"];
  const { result, timing } = await json(argv);
  expect(result).toMatchObject({ run: at("dry"), model: { family: "static" }, config: { batchSize: 16 } });
  expect(result.steps).toBe(6 * result.stepsPerEpoch);
  expect(timing.estimatedSeconds).toBeGreaterThan(0);
  expect(timing.memoryBytes).toBeGreaterThan(2 ** 20);
  expect(existsSync(at("dry"))).toBe(false);
  expect(nearmiss(argv).out).toContain("Nothing was written");
  expect(await failure([...training, "--dry-run"])).toMatchObject({ code: 2, error: { code: "run-exists" } });
});

test("flags win over the configuration file, and its seed counts unless one is typed", async () => {
  writeFileSync(
    at("config.json"),
    JSON.stringify({ data: at("data"), seed: 9, steps: 2, batchSize: 8, sampler: "in-batch" }),
  );
  const one = await json(["train", "--config", at("config.json"), "--out", at("one"), "--steps", "1"]);
  expect([one.seed, one.result.steps]).toEqual([9, 1]);
  expect(JSON.parse(readFileSync(at("one", "config.json"), "utf8"))).toMatchObject({ seed: 9, steps: 1, batchSize: 8 });
  expect((await json(["train", "--config", at("config.json"), "--out", at("two"), "--seed", "1"])).seed).toBe(1);
});

test.each([
  [["--learning-rate", "0"], "bad-value"],
  [["--metric", "nonsense"], "unknown-measure"],
  [["--filter", "perc-pos"], "bad-filter"],
  [["--no-filter", "abs"], "unknown-filter"],
  [["--sampler", "nonsense"], "unknown-sampler"],
  [["--recipe", "dpr"], "not-implemented"],
  [["--config", "/no/such/file.json"], "missing-input"],
])("train %j is refused", async (argv, code) => {
  expect(await failure([...training.slice(0, 3), "--out", at("never"), ...argv])).toMatchObject({
    code: 2,
    error: { code },
  });
  expect(existsSync(at("never"))).toBe(false);
});

test("eval measures the model beside the baselines and writes a run that compares equal to it", async () => {
  const argv = ["eval", "--data", at("data"), "--model", model, "--measures", "ndcg@10,hit@1"];
  const { result } = await json([...argv, "--write-run", at("model.run")]);
  expect(result.systems.map(({ kind }: { kind: string }) => kind)).toEqual(["model", "bm25", "tf-idf", "untrained"]);
  expect(Object.keys(result.systems[0].measures)).toEqual(["ndcg@10", "hit@1"]);
  expect(result.comparisons).toHaveLength(6);
  expect(await failure([...argv, "--write-run", at("model.run")])).toMatchObject({
    code: 2,
    error: { code: "output-exists" },
  });
  const compared = (await json([...argv, "--baselines", "none", "--compare-run", at("model.run")])).result;
  expect(compared.systems.map(({ kind }: { kind: string }) => kind)).toEqual(["model", "run"]);
  expect(compared.comparisons[0]).toMatchObject({ difference: 0, p: 1 });
  const { out } = nearmiss([...argv, "--baselines", "bm25", "--fuse", "bm25"]);
  expect(out).toMatch(/^test: .*queries/);
  expect(out).toContain("BM25");
  expect(await failure([...argv, "--baselines", "bm25,nonsense"])).toMatchObject({
    code: 2,
    error: { code: "bad-value" },
  });
});

test("mine writes rows and a manifest, from the model or from BM25", async () => {
  const argv = [
    "mine",
    "--data",
    at("data"),
    "--model",
    model,
    "--sampler",
    "simans",
    "--param",
    "a=0.5",
    "--count",
    "2",
  ];
  const { result } = await json([...argv, "--filter", "perc-pos=0.95", "--out", at("mined.jsonl")]);
  const rows = readFileSync(at("mined.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows).toHaveLength(result.rows);
  expect(Object.keys(rows[0])).toEqual(expect.arrayContaining(["query", "positive", "negative", "negative_rank"]));
  expect(result.rejected["known-positives"]).toBeGreaterThan(0);
  expect(JSON.parse(readFileSync(at("mined.manifest.json"), "utf8"))).toMatchObject({ seed: 1, result });
  expect(await failure([...argv, "--out", at("mined.jsonl")])).toMatchObject({
    code: 2,
    error: { code: "output-exists" },
  });
  const bm25 = ["mine", "--data", at("data"), "--model", "bm25", "--sampler", "top-k", "--format", "pools"];
  expect((await json([...bm25, "--out", at("pools.jsonl.gz")])).result.queries).toBe(result.queries);
  const inBatch = ["mine", "--data", at("data"), "--model", "bm25", "--sampler", "in-batch", "--out", at("x.jsonl")];
  expect(await failure(inBatch)).toMatchObject({ code: 2, error: { code: "bad-sampler" } });
});

test("embed takes files and stdin and writes arrays, files and lines", async () => {
  writeFileSync(at("texts.txt"), "paint a bridge\nsell a violin\n");
  const array = await json(["embed", "--model", model, "--input", at("texts.txt"), "--output", at("v.npy")]);
  expect(array.result).toMatchObject({ texts: 2, output: at("v.npy") });
  const bytes = readFileSync(at("v.npy"));
  const values = new Float32Array(
    bytes.buffer.slice(bytes.byteOffset + bytes.length - 8 * array.result.dimension, bytes.byteOffset + bytes.length),
  );
  const lines = nearmiss(["embed", "--model", model, "--cache", at("cache")], {
    input: "paint a bridge\nsell a violin\n",
  });
  expect(lines.code, lines.err).toBe(0);
  const parsed = lines.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(parsed.flatMap(({ embedding }) => embedding)).toEqual([...values]);
  const second = nearmiss(["embed", "--model", model, "--input", at("texts.txt"), "--shard", "2/2"]);
  expect(JSON.parse(second.out)).toEqual(parsed[1]);
  expect(await failure(["embed", "--model", model, "--input", at("texts.txt")])).toMatchObject({
    code: 2,
    error: { code: "usage" },
  });
  expect(await failure(["embed", "--model", model, "--output", at("w.npy"), "--shard", "0/2"])).toMatchObject({
    error: { code: "bad-value" },
  });
});

test("search answers with documents, best first", async () => {
  const argv = ["search", "how would you repair an old lamp", "--model", model, "--data", at("data"), "--top", "3"];
  const { result } = await json(argv);
  expect(result.hits.map(({ rank }: { rank: number }) => rank)).toEqual([1, 2, 3]);
  expect(result.hits[0].text).toContain("lamp");
  expect(nearmiss(argv).out).toContain("lamp");
});

test("export writes the ONNX file where it is asked for, and over nothing", async () => {
  const argv = ["export", "--model", model, "--to", "onnx"];
  expect((await json([...argv, "--out", at("model.onnx")])).result).toMatchObject({ file: at("model.onnx") });
  expect(await failure(argv)).toMatchObject({ code: 2, error: { code: "output-exists" } });
});
