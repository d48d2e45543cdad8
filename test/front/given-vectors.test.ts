import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadData } from "#nearmiss/data/load.js";
import { embed } from "#nearmiss/front/embed.js";
import { evaluate } from "#nearmiss/front/evaluate.js";
import { mineToFile } from "#nearmiss/front/mine.js";
import { writePairs } from "../cli/pairs.js";
import { serveVectors, vectorOf } from "../encode/server.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-given-"));
const at = (name: string): string => join(folder, name);
let hosted: Awaited<ReturnType<typeof serveVectors>>;
let data: Awaited<ReturnType<typeof loadData>>;
let vectors: { queries: string; documents: string };

/** A `.npy` of float32, or of another type whose bytes are given. */
function npy(name: string, rows: readonly (readonly number[])[], type = "<f4", bytes?: Uint8Array): string {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${rows.length}, ${rows[0]?.length ?? 0}), }`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header.padEnd(117)}\n`, "latin1");
  writeFileSync(at(name), Buffer.concat([head, bytes ?? new Uint8Array(Float32Array.from(rows.flat()).buffer)]));
  return at(name);
}

const texts = (kind: "queries" | "documents"): readonly string[] => [...data[kind].values()].map(({ text }) => text);

beforeAll(async () => {
  hosted = await serveVectors();
  writePairs(at("data"));
  data = await loadData(at("data"));
  vectors = { queries: at("queries.npy"), documents: at("documents.npy") };
  for (const kind of ["queries", "documents"] as const) {
    // In another order than the data's: `embed` writes the ids beside.
    writeFileSync(at(`${kind}.txt`), `${[...texts(kind)].reverse().join("\n")}\n`);
    await embed({ model: hosted.url, input: at(`${kind}.txt`), output: vectors[kind], threads: 1 });
  }
});
afterAll(() => {
  hosted.server.close();
  rmSync(folder, { recursive: true });
});

const measures = "ndcg@10,hit@1";

test("what embed wrote of a model measures as the model itself does", async () => {
  const given = await evaluate({ data, vectors, measures, threads: 1 });
  const asked = await evaluate({ data, model: hosted.url, measures, threads: 1 });
  expect(given.systems.map(({ name, kind }) => [name, kind])).toEqual([
    ["vectors", "model"],
    ["bm25", "bm25"],
    ["tf-idf", "tf-idf"],
  ]);
  expect(given.systems.map((one) => one.measures)).toEqual(asked.systems.map((one) => one.measures));
  expect(given.comparisons.map(({ p }) => p)).toEqual(asked.comparisons.map(({ p }) => p));
  expect(given.usage).toBeUndefined();
  expect(asked.usage).toMatchObject([
    { name: "model", texts: data.documents.size + given.data.queries, tokens: 7 * 3 },
  ]);
});

test("rows without ids are in the order of the data, in float16, float32 and float64; matrices do too", async () => {
  const expected = (await evaluate({ data, vectors, measures, baselines: [] })).systems[0]!.measures;
  const rows = { queries: texts("queries").map(vectorOf), documents: texts("documents").map(vectorOf) };
  // Whole numbers below 2048: five bits of exponent, ten of fraction.
  const half = (value: number) => {
    const exponent = Math.floor(Math.log2(value));
    return ((exponent + 15) << 10) | ((value / 2 ** exponent - 1) * 1024);
  };
  const types = {
    "<f4": (values: readonly number[]) => Float32Array.from(values),
    "<f8": (values: readonly number[]) => Float64Array.from(values),
    "<f2": (values: readonly number[]) => Uint16Array.from(values, half),
  };
  for (const [type, array] of Object.entries(types)) {
    const write = (kind: "queries" | "documents") =>
      npy(`${kind}${type}.npy`, rows[kind], type, new Uint8Array(array(rows[kind].flat()).buffer));
    const files = { queries: write("queries"), documents: write("documents") };
    const { systems } = await evaluate({ data, vectors: files, measures, baselines: [] });
    expect(systems[0]?.measures, type).toEqual(expected);
  }
  const matrix = (kind: "queries" | "documents") => ({ data: Float32Array.from(rows[kind].flat()), dimension: 3 });
  const both = { queries: matrix("queries"), documents: matrix("documents") };
  expect((await evaluate({ data, vectors: both, measures, baselines: [] })).systems[0]?.measures).toEqual(expected);
});

test("given vectors stand beside models; each query's values, runs and the fusion are theirs too", async () => {
  const result = await evaluate({
    ...{ data, model: hosted.url, name: "hosted", vectors, measures, baselines: ["bm25"], price: 0.5, threads: 1 },
    ...{ writeRun: at("hosted.run"), perQuery: at("values.jsonl") },
  });
  expect(result.systems.map(({ name }) => name)).toEqual(["hosted", "vectors", "bm25"]);
  expect(result.comparisons[0]).toMatchObject({ a: "hosted", b: "vectors", difference: 0, wins: 0, losses: 0, p: 1 });
  expect(result.usage).toMatchObject([{ name: "hosted", tokens: 21, cost: (21 * 0.5) / 1e6 }]);
  expect(readFileSync(at("values.jsonl"), "utf8").trim().split("\n")).toHaveLength(result.data.queries);
  const compared = await evaluate({
    ...{ data, vectors, measures, baselines: [], fuse: "bm25", compareRun: at("hosted.run"), threads: 1 },
  });
  expect(compared.systems.map(({ name }) => name)).toEqual(["vectors", "vectors+bm25", at("hosted.run")]);
  expect(compared.comparisons.find(({ b }) => b === at("hosted.run"))).toMatchObject({ difference: 0, p: 1 });
});

test("negatives are mined from given vectors as from the model that made them", async () => {
  const options = { data, sampler: "top-k", count: 2, depth: 10, threads: 1 } as const;
  await mineToFile({ ...options, vectors, out: at("given.jsonl") });
  await mineToFile({ ...options, model: hosted.url, out: at("hosted.jsonl") });
  expect(readFileSync(at("given.jsonl"), "utf8")).toBe(readFileSync(at("hosted.jsonl"), "utf8"));
  expect(JSON.parse(readFileSync(at("given.manifest.json"), "utf8")).model).toMatchObject({ name: "vectors" });
  await expect(mineToFile({ ...options, model: "bm25", vectors, out: at("x.jsonl") })).rejects.toThrow(/vectors/);
  await expect(mineToFile({ ...options, out: at("x.jsonl") })).rejects.toThrow(/--vectors/);
});

test("rows, lengths and ids that do not fit are told", async () => {
  const rows = texts("queries").map(vectorOf);
  const measured = (queries: string, documents = vectors.documents) =>
    evaluate({ data, vectors: { queries, documents }, measures, threads: 1 });
  await expect(measured(npy("few.npy", rows.slice(1)))).rejects.toMatchObject({
    code: "wrong-shape",
    exitCode: 2,
    detail: { file: at("few.npy"), found: "95 rows of 3 numbers", expected: "96 rows" },
  });
  await expect(
    measured(
      npy(
        "wide.npy",
        rows.map((row) => [...row, 1]),
      ),
    ),
  ).rejects.toThrow(/documents\.npy: .*differ in length; found: 3 numbers; expected: 4, as in .*wide\.npy/);
  await expect(measured(npy("whole.npy", rows, "<i4"))).rejects.toThrow(/whole\.npy.*<i4.*<f4, <f2, <f8/);
  // Rows are checked when they are read: those of other splits are not.
  const unknown = rows.map(([, ...others]) => [Number.NaN, ...others]);
  await expect(measured(npy("nan.npy", unknown))).rejects.toThrow(/nan\.npy.*row \d+, column 0/);
  await expect(measured(at("absent.npy"))).rejects.toThrow(/absent\.npy: no such file/);
  const named = npy("named.npy", rows);
  const ids = [...data.queries.keys()];
  writeFileSync(`${named}.ids.txt`, ids.slice(1).join("\n"));
  await expect(measured(named)).rejects.toThrow(/named\.npy\.ids\.txt: .*95 ids.*expected: 96/);
  writeFileSync(`${named}.ids.txt`, ids.with(0, ids[1]!).join("\n"));
  await expect(measured(named)).rejects.toMatchObject({ code: "duplicate-id", detail: { field: ids[1] } });
  writeFileSync(`${named}.ids.txt`, ids.map((id, i) => (i % 2 === 0 ? id : `other-${i}`)).join("\n"));
  await expect(measured(named)).rejects.toMatchObject({ code: "missing-vector", detail: { file: named } });
});

test("vectors are of queries and documents, whole ones, and something must be evaluated", async () => {
  writeFileSync(at("labelled.csv"), "text,label\none,a\ntwo,a\nthree,b\n");
  await expect(evaluate({ data: at("labelled.csv"), split: "train", vectors })).rejects.toThrow(/field: vectors/);
  await expect(evaluate({ data, vectors, chunks: { size: 3 } })).rejects.toThrow(/not of their chunks/);
  await expect(evaluate({ data })).rejects.toMatchObject({ code: "usage" });
  await expect(evaluate({ data, model: "vectors" })).rejects.toThrow(/--vectors QUERIES.npy DOCUMENTS.npy/);
});
