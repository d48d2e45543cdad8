import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { spearman } from "#nearmiss/evaluate/correlation.js";
import { evaluate } from "#nearmiss/front/evaluate.js";
import { load } from "#nearmiss/front/load.js";
import { train } from "#nearmiss/front/train.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-kinds-"));
const at = (name: string): string => join(folder, name);
const model = join(folder, "run/model");
afterAll(() => rmSync(folder, { recursive: true }));

const topics = ["lamp", "river", "violin", "garden", "engine"];
const generator = rng(3, "texts");
const sentence = (topic: string): string =>
  `${Array.from({ length: 4 }, () => `word${generator.int(30)}`).join(" ")} ${topic}`;

beforeAll(async () => {
  const lines = (make: (i: number) => object, count: number): string =>
    Array.from({ length: count }, (_, i) => `${JSON.stringify(make(i))}\n`).join("");
  const topic = (i: number): string => topics[i % topics.length]!;
  writeFileSync(
    at("pairs.jsonl"),
    lines((i) => ({ query: `${sentence(topic(i))} q${i}`, positive: `${topic(i)} ${sentence(topic(i))} d${i}` }), 80),
  );
  writeFileSync(
    at("items.jsonl"),
    `${lines((i) => ({ text: sentence(topic(i)), label: topic(i) }), 30)}{"text": "alone", "label": "2e53"}\n`,
  );
  writeFileSync(
    at("scored.jsonl"),
    lines(
      (i) => ({
        sentence1: sentence(topic(i)),
        sentence2: sentence(topic(i % 3)),
        score: topic(i) === topic(i % 3) ? 4 + (i % 2) : i % 3,
      }),
      40,
    ),
  );
  await train({ data: at("pairs.jsonl"), out: at("run"), epochs: 4, batchSize: 10, threads: 1 });
}, 60_000);

test("labelled texts: the model beside the untrained one", async () => {
  const warnings = collectWarnings();
  const { data, systems, comparisons } = await evaluate({
    data: at("items.jsonl"),
    split: "train",
    model,
    threads: 1,
    warnings,
  });
  expect(data).toMatchObject({ kind: "labelled", queries: 30, documents: 31, lone: 1 });
  expect(warnings.list()).toMatchObject([{ code: "lone-items" }]);
  expect(systems.map(({ name, kind }) => [name, kind])).toEqual([
    ["model", "model"],
    ["untrained", "untrained"],
  ]);
  expect(Object.keys(systems[0]!.measures)).toEqual(["precision@1", "r-precision", "map@r", "mrr", "recall@10", "nmi"]);
  expect(systems[0]!.measures["map@r"]!.mean).toBeGreaterThan(systems[1]!.measures["map@r"]!.mean);
  expect(comparisons.map(({ measure }) => measure)).toEqual([
    "precision@1",
    "r-precision",
    "map@r",
    "mrr",
    "recall@10",
  ]);
});

test("scored pairs: correlations of the model, of word overlap and of the untrained model", async () => {
  const { data, systems } = await evaluate({ data: at("scored.jsonl"), split: "train", model, threads: 1 });
  expect(data).toMatchObject({ kind: "scored", queries: 40 });
  expect(systems.map(({ kind }) => kind)).toEqual(["model", "bm25", "tf-idf", "untrained"]);
  const rows = readFileSync(at("scored.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const loaded = await load(model, { threads: 1 });
  const { data: vectors, dimension } = await loaded.encode(
    rows.flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2]),
  );
  await loaded.close();
  const row = (i: number): number[] => [...vectors.subarray(i * dimension, (i + 1) * dimension)];
  const product = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const cosines = rows.map(
    (_, i) =>
      product(row(2 * i), row(2 * i + 1)) /
      Math.sqrt(product(row(2 * i), row(2 * i)) * product(row(2 * i + 1), row(2 * i + 1))),
  );
  expect(systems[0]!.measures["spearman"]!.mean).toBeCloseTo(
    spearman(
      cosines,
      rows.map(({ score }) => score),
    )!,
    4,
  );
  const lexical = await evaluate({
    data: at("scored.jsonl"),
    split: "train",
    model: "tf-idf",
    measures: "pearson",
    baselines: [],
  });
  expect(lexical.systems.map(({ name, measures }) => [name, measures["pearson"]])).toEqual([
    ["tf-idf", systems[2]!.measures["pearson"]],
  ]);
});

test("vectors of others are measured as they are", async () => {
  const items = Array.from({ length: 12 }, (_, i) => ({
    id: `${i}`,
    vector: Float32Array.of(i % 2, (i + 1) % 2, 0.1 * (i % 3)),
    labels: [`${i % 2}`],
  }));
  const data = {
    kind: "labelled",
    format: "vectors",
    source: "nowhere",
    content: "vector",
    items: new Map(items.map((item) => [item.id, item])),
    splits: new Map([["test", items.map(({ id }) => id)]]),
    fingerprint: "sha256:vectors",
  } as const;
  const { systems } = await evaluate({ data, model: "raw", measures: "precision@1,nmi", threads: 1 });
  expect(systems).toMatchObject([{ name: "raw", measures: { "precision@1": { mean: 1, n: 12 }, nmi: { mean: 1 } } }]);
  await expect(evaluate({ data, model, threads: 1 })).rejects.toThrow(/cannot read pictures or vectors/);
});

test("a trained network beside its starting weights and the vectors as they are", async () => {
  const noise = rng(5, "vectors");
  const items = Array.from({ length: 60 }, (_, i) => ({
    id: `${i}`,
    vector: Float32Array.from({ length: 6 }, (_, axis) => (axis === i % 3 ? 1 : 0) + noise.normal()),
    labels: [`${i % 3}`],
  }));
  const ids = items.map(({ id }) => id);
  const data = {
    kind: "labelled",
    format: "vectors",
    source: "nowhere",
    content: "vector",
    items: new Map(items.map((item) => [item.id, item])),
    splits: new Map([
      ["train", ids.slice(0, 30)],
      ["dev", ids.slice(30, 45)],
      ["test", ids.slice(45)],
    ]),
    fingerprint: "sha256:vectors",
  } as const;
  await train({
    data,
    model: "mlp",
    out: at("network"),
    loss: "batch-all-triplet",
    epochs: 3,
    batchSize: 15,
    threads: 1,
  });
  const { systems } = await evaluate({ data, model: at("network/model"), measures: "map@r", threads: 1 });
  expect(systems.map(({ name, kind }) => [name, kind])).toEqual([
    ["model", "model"],
    ["untrained", "untrained"],
    ["raw", "untrained"],
  ]);
  expect(systems[0]!.measures).not.toEqual(systems[1]!.measures);
});

test("options and measures of another kind of data are refused", async () => {
  const given = { data: at("items.jsonl"), split: "train", model };
  await expect(evaluate({ ...given, fuse: "bm25" })).rejects.toThrow(/not retrieved.*fuse/);
  await expect(evaluate({ ...given, model: "bm25" })).rejects.toThrow(/bm25/);
  await expect(evaluate({ ...given, measures: "ndcg@10" })).rejects.toThrow(/ndcg@10/);
  await expect(evaluate({ ...given, data: at("scored.jsonl"), measures: "nmi" })).rejects.toThrow(/spearman/);
  await expect(evaluate({ ...given, data: at("scored.jsonl"), compareRun: "x" })).rejects.toThrow(/compareRun/);
});

test("values and differences of each query add up to the means", async () => {
  const given = { data: at("pairs.jsonl"), split: "train", model, measures: "mrr@10,hit@1", threads: 1 };
  const result = await evaluate({ ...given, writeRun: at("model.run"), perQuery: at("queries.jsonl") });
  const lines = readFileSync(at("queries.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(80);
  const mean = (of: (line: (typeof lines)[number]) => number): number =>
    lines.reduce((sum, line) => sum + of(line), 0) / lines.length;
  result.systems.forEach(({ name, measures }, s) => {
    expect(lines[0].systems[s].name).toBe(name);
    expect(mean((line) => line.systems[s].measures["mrr@10"])).toBeCloseTo(measures["mrr@10"]!.mean, 12);
  });
  expect(lines[0].systems[0]).not.toHaveProperty("differences");
  expect(mean((line) => line.systems[1].differences["mrr@10"])).toBeCloseTo(result.comparisons[0]!.difference, 12);
});

test("a run of another system is compared; what it lacks counts 0; a run of other queries is refused", async () => {
  const given = {
    data: at("pairs.jsonl"),
    split: "train",
    model: "bm25",
    measures: "hit@1",
    baselines: [],
    threads: 1,
  } as const;
  await evaluate({ ...given, writeRun: at("whole.run") });
  const whole = readFileSync(at("whole.run"), "utf8");
  const firstQuery = whole.split(" ")[0]!;
  writeFileSync(
    at("part.run"),
    whole
      .split("\n")
      .filter((line) => !line.startsWith(`${firstQuery} `))
      .join("\n"),
  );
  const warnings = collectWarnings();
  const { systems, comparisons } = await evaluate({ ...given, compareRun: at("part.run"), warnings });
  expect(systems[1]).toMatchObject({
    kind: "run",
    name: at("part.run"),
    fingerprint: expect.stringMatching(/^sha256:/),
  });
  expect(comparisons[0]).toMatchObject({ losses: 0, ties: expect.any(Number) });
  expect(comparisons[0]!.wins).toBeLessThanOrEqual(1);
  expect(warnings.list()).toMatchObject([{ code: "missing-queries", count: 1 }]);
  writeFileSync(at("other.run"), "x Q0 d 1 1 t\n");
  await expect(evaluate({ ...given, compareRun: at("other.run") })).rejects.toThrow(/none of the judged queries/);
});

const crossEncoder = fileURLToPath(new URL("../../../shared/fixtures/models/bert-cross-encoder/", import.meta.url));
test.skipIf(!existsSync(crossEncoder))("a model reranked by a cross-encoder is one more system", async () => {
  const { systems } = await evaluate({
    ...{
      data: at("pairs.jsonl"),
      split: "train",
      model: "bm25",
      measures: "hit@1,recall@10",
      baselines: [],
      threads: 1,
    },
    ...{ rerank: crossEncoder, rerankDepth: 10 },
  });
  expect(systems.map(({ name }) => name)).toEqual(["bm25", "bm25+rerank"]);
  expect(systems[1]!.measures["recall@10"]!.mean).toBeCloseTo(systems[0]!.measures["recall@10"]!.mean, 12);
});
