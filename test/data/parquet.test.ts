import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { loadData, loadDataset } from "#nearmiss/data/load.js";
import { readParquet } from "#nearmiss/data/parquet.js";
import { readTexts } from "#nearmiss/data/texts.js";
import { writeVectorParquet } from "#nearmiss/data/vectors.js";
import { folderWith } from "./folder.js";

type Column = Parameters<typeof parquetWriteBuffer>[0]["columnData"][number];

function parquet(folder: string, name: string, columnData: Column[], rowGroupSize = 2): string {
  const path = join(folder, name);
  writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize })));
  return path;
}

test("pairs, with lists as negatives, over several row groups", async () => {
  const folder = folderWith({});
  const path = parquet(folder, "train.parquet", [
    { name: "query", data: ["q1", "q2", "q3"], type: "STRING" },
    { name: "positive", data: ["p1", "p2", "p3"], type: "STRING" },
    { name: "negative", data: [["n1", "n2"], [], null], type: "JSON" },
    { name: "query_id", data: [1n, 2n, 9007199254740993n], type: "INT64" },
  ]);
  const data = await loadData(path);
  expect(data.format).toBe("PARQUET of triplets (query → positive)");
  expect([...data.queries.values()]).toEqual([
    { id: "1", text: "q1" },
    { id: "2", text: "q2" },
    { id: "9007199254740993", text: "q3" },
  ]);
  expect(data.splits.get("train")?.negatives?.get("1")).toHaveLength(2);
  expect((await loadData(folder)).fingerprint).toBe(data.fingerprint);
});

test("labels of 64 bits, scores, interactions with times and triples", async () => {
  const folder = folderWith({});
  const labelled = await loadDataset(
    parquet(folder, "labels.parquet", [
      { name: "text", data: ["a", "b"], type: "STRING" },
      { name: "label", data: [-9223372036854775808n, 3n], type: "INT64" },
    ]),
  );
  if (labelled.kind !== "labelled") throw new Error(labelled.kind);
  expect([...labelled.items.values()].map(({ labels }) => labels)).toEqual([["-9223372036854775808"], ["3"]]);
  const scored = await loadDataset(
    parquet(folder, "scores.parquet", [
      { name: "sentence1", data: ["a", "b"], type: "STRING" },
      { name: "sentence2", data: ["c", "d"], type: "STRING" },
      { name: "score", data: [0.25, 1], type: "FLOAT" },
    ]),
  );
  if (scored.kind !== "scored") throw new Error(scored.kind);
  expect(scored.splits.get("train")?.map(({ score }) => score)).toEqual([0.25, 1]);
  const interactions = await loadDataset(
    parquet(folder, "seen.parquet", [
      { name: "user", data: [1n, 1n], type: "INT64" },
      { name: "item", data: ["x", "y"], type: "STRING" },
      {
        name: "timestamp",
        data: [new Date("2020-01-01T00:00:00Z"), new Date("2020-01-02T00:00:00Z")],
        type: "TIMESTAMP",
      },
    ]),
  );
  if (interactions.kind !== "interactions") throw new Error(interactions.kind);
  expect(interactions.splits.get("train")?.get("1")).toEqual([
    { item: "x", value: 1, time: 1577836800 },
    { item: "y", value: 1, time: 1577923200 },
  ]);
  const triples = await loadDataset(
    parquet(
      folder,
      "graph.parquet",
      ["head", "relation", "tail"].map((name) => ({ name, data: [name], type: "STRING" })),
    ),
  );
  expect(triples.kind).toBe("triples");
});

test("texts to embed", async () => {
  const path = parquet(folderWith({}), "texts.parquet", [
    { name: "_id", data: ["a", "b"], type: "STRING" },
    { name: "text", data: ["one", "two"], type: "STRING" },
  ]);
  const texts = [];
  for await (const item of readTexts(path, collectWarnings())) texts.push(item);
  expect(texts).toEqual([
    { id: "a", text: "one" },
    { id: "b", text: "two" },
  ]);
});

test("vectors are written as lists, bit for bit", async () => {
  const path = join(folderWith({}), "v.parquet");
  const rows = Array.from({ length: 3 }, (_, i) => ({
    id: `constructor ${i}`,
    vector: Float32Array.from([i / 3, -1e-30, i]),
  }));
  await writeVectorParquet(path, rows);
  const read = [];
  for await (const { fields } of readParquet(path)) read.push(fields);
  expect(read.map((fields) => fields.get("id"))).toEqual(rows.map(({ id }) => id));
  expect(read.map((fields) => Float32Array.from(fields.get("embedding") as number[]))).toEqual(
    rows.map(({ vector }) => vector),
  );
  const bad = [{ id: "x", vector: Float32Array.from([Number.NaN]) }];
  await expect(writeVectorParquet(path, bad)).rejects.toMatchObject({ code: "not-finite" });
  await writeVectorParquet(path, [{ id: "x", vector: Int8Array.from([-128, 127]) }]);
  for await (const { fields } of readParquet(path)) expect(fields.get("embedding")).toEqual([-128, 127]);
});

test("what cannot be read is named: the file, or the row and its field", async () => {
  const folder = folderWith({ "cut.parquet": "PAR1 and no more" });
  await expect(loadDataset(join(folder, "cut.parquet"))).rejects.toMatchObject({
    code: "invalid-parquet",
    detail: { file: join(folder, "cut.parquet"), found: expect.any(String) },
  });
  const path = parquet(folder, "holes.parquet", [
    { name: "query", data: ["q1", "q2", "q3"], type: "STRING" },
    { name: "positive", data: ["p1", "p2", null], type: "STRING" },
  ]);
  await expect(loadDataset(path)).rejects.toMatchObject({
    code: "missing-field",
    detail: { file: path, line: 3, field: "positive" },
  });
});
