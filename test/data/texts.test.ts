import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { textId } from "#nearmiss/base/text.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { loadData } from "#nearmiss/data/load.js";
import { readTexts, type TextSource } from "#nearmiss/data/texts.js";
import { vectorLine, writeNpy, writeVectorLines } from "#nearmiss/data/vectors.js";
import { readRun } from "#nearmiss/evaluate/trec-files.js";
import { folderWith, jsonl, sharedData } from "./folder.js";

async function all(source: TextSource) {
  const warnings = collectWarnings();
  const items = [];
  for await (const item of readTexts(source, warnings)) items.push(item);
  return { items, warnings: warnings.list() };
}

describe("texts to embed", () => {
  test("a line of a .txt is a text, blank lines included", async () => {
    const folder = folderWith({ "a.txt": "one\r\n\r\ntwo\r\none", "b.txt.gz": "one\n" });
    const { items, warnings } = await all(join(folder, "a.txt"));
    expect(items).toEqual(["one", "", "two", "one"].map((text) => ({ id: textId(text), text })));
    expect(warnings).toEqual([{ code: "empty-texts", message: expect.any(String), count: 1 }]);
    expect((await all(join(folder, "b.txt.gz"))).items.map(({ text }) => text)).toEqual(["one"]);
  });

  test("JSONL and CSV with ids and titles", async () => {
    const folder = folderWith({
      "a.jsonl": jsonl({ _id: "x", title: "T", text: "one" }, { id: 7, text: "two" }, { text: "three" }),
      "a.csv": "_id,title,text\nx,T,one\n7,,two\n,,three\n",
    });
    const expected = [
      { id: "x", title: "T", text: "T one" },
      { id: "7", text: "two" },
      { id: textId("three"), text: "three" },
    ];
    expect((await all(join(folder, "a.jsonl"))).items).toEqual(expected);
    expect((await all(join(folder, "a.csv"))).items).toEqual(expected);
  });

  test("stdin is JSONL when its first line is an object, else lines", async () => {
    const bytes = (text: string) => Readable.from([Buffer.from(text.slice(0, 3)), Buffer.from(text.slice(3))]);
    expect((await all(bytes("one\n{two}\n"))).items.map(({ text }) => text)).toEqual(["one", "{two}"]);
    expect((await all(bytes("{curly} start\n"))).items.map(({ text }) => text)).toEqual(["{curly} start"]);
    expect((await all(bytes(jsonl({ _id: "a", text: "b" })))).items).toEqual([{ id: "a", text: "b" }]);
    expect((await all(Readable.from([]))).items).toEqual([]);
    await expect(all(bytes('{"text":"a"}\noops\n'))).rejects.toThrow(/^stdin:2: the line is not JSON/);
  });

  test("a missing text, Parquet and unknown names are answered", async () => {
    const folder = folderWith({ "a.jsonl": jsonl({ _id: "x" }), "a.parquet": "", "a.doc": "" });
    await expect(all(join(folder, "a.jsonl"))).rejects.toMatchObject({
      code: "missing-field",
      detail: { line: 1, field: "text" },
    });
    await expect(all(join(folder, "a.parquet"))).rejects.toMatchObject({ code: "invalid-parquet" });
    await expect(all(join(folder, "a.doc"))).rejects.toMatchObject({ code: "unknown-format" });
    await expect(all(join(folder, "none.txt"))).rejects.toMatchObject({ code: "missing-input" });
  });
});

describe("vectors", () => {
  const items = [
    { id: "a", vector: Float32Array.of(1, -2.5, 0.1) },
    { id: "b", vector: Float32Array.of(0, 3, 1e-30) },
  ];

  test(".npy is header, then little-endian float32 in C order; the ids stand beside", async () => {
    const path = join(folderWith({}), "v.npy");
    await writeNpy(path, items, [2, 3]);
    const bytes = readFileSync(path);
    expect([...bytes.subarray(0, 8)]).toEqual([0x93, ...Buffer.from("NUMPY"), 1, 0]);
    const header = bytes.readUInt16LE(8);
    expect((10 + header) % 64).toBe(0);
    expect(bytes.subarray(10, 10 + header).toString()).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 3\), \} *\n$/,
    );
    const values = Array.from({ length: 6 }, (_, i) => bytes.readFloatLE(10 + header + 4 * i));
    expect(values).toEqual(items.flatMap(({ vector }) => [...vector]));
    expect(bytes.length).toBe(10 + header + 24);
    expect(readFileSync(`${path}.ids.txt`, "utf8")).toBe("a\nb\n");
  });

  test("int8 vectors are written as bytes", async () => {
    const path = join(folderWith({}), "v.npy");
    await writeNpy(path, [{ id: "a", vector: Int8Array.of(-128, 127) }], [1, 2], "int8");
    const bytes = readFileSync(path);
    expect(bytes.toString("latin1")).toContain("'descr': '|i1'");
    expect([...bytes.subarray(-2)]).toEqual([128, 127]);
  });

  test("JSON lines hold every number in full", async () => {
    const path = join(folderWith({}), "v.jsonl");
    await writeVectorLines(path, items);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      items.map(({ id, vector }) => ({ id, embedding: [...vector] })),
    );
    expect(vectorLine("__proto__", Float32Array.of(0.5))).toBe('{"id":"__proto__","embedding":[0.5]}');
  });

  test("wrong shapes, infinite numbers and ids with line ends are errors, and leave no file", async () => {
    const folder = folderWith({});
    const path = join(folder, "v.npy");
    await expect(writeNpy(path, items, [3, 3])).rejects.toMatchObject({ code: "wrong-shape" });
    await expect(writeNpy(path, items, [2, 4])).rejects.toMatchObject({ code: "wrong-shape", detail: { field: "a" } });
    await expect(writeNpy(path, items, [2, 3], "int8")).rejects.toMatchObject({ code: "wrong-shape" });
    await expect(writeNpy(path, [{ id: "x\ny", vector: Float32Array.of(1) }], [1, 1])).rejects.toMatchObject({
      code: "invalid-id",
    });
    await expect(writeNpy(path, [{ id: "x", vector: Float32Array.of(Number.NaN) }], [1, 1])).rejects.toMatchObject({
      code: "not-finite",
      detail: { field: "x", found: "NaN at 0" },
    });
    expect(() => readFileSync(path)).toThrow();
  });
});

describe.skipIf(!existsSync(sharedData("wikitext-2")))("public sets", () => {
  test.each([
    ["valid", 7_829],
    ["test", 9_096],
  ])("wikitext-2 %s has as many sentences as its description says", async (part, sentences) => {
    const { items } = await all(sharedData(`wikitext-2/${part}.sentences.txt.gz`));
    expect(items).toHaveLength(sentences);
  });

  test("runs name queries and documents of their set", async () => {
    const run = await readRun(sharedData("cranfield/runs/bm25.test.trec.gz"));
    const data = await loadData(sharedData("cranfield"));
    expect([...run.keys()].filter((id) => !data.queries.has(id))).toEqual([]);
    expect([...run.values()].flatMap(({ ids }) => ids).filter((id) => !data.documents.has(id))).toEqual([]);
    expect(run.size).toBe(225);
  });
});
