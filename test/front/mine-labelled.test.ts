import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { loadData } from "#nearmiss/data/load.js";
import { mineLabelledToFile } from "#nearmiss/front/mine-labelled.js";
import { train } from "#nearmiss/front/train.js";
import { labelledRows } from "#nearmiss/negatives/labelled-file.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-mine-items-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

test("a network that was trained on such items chooses by its own vectors", async () => {
  const noise = rng(5, "vectors");
  const items = Array.from({ length: 45 }, (_, i) => ({
    id: `${i}`,
    vector: Float32Array.from({ length: 6 }, (_, axis) => (axis === i % 3 ? 1 : 0) + noise.normal()),
    labels: [`${i % 3}`],
  }));
  const ids = items.map(({ id }) => id);
  const splits = new Map([
    ["train", ids.slice(0, 30)],
    ["dev", ids.slice(30)],
  ]);
  const described = { kind: "labelled", format: "vectors", source: "nowhere", content: "vector" } as const;
  const data = { ...described, items: new Map(items.map((item) => [item.id, item])), splits, fingerprint: "sha256:v" };
  const training = { loss: "batch-all-triplet", epochs: 2, batchSize: 15, threads: 1 } as const;
  await train({ data, model: "mlp", out: at("run"), ...training });
  const mined = (model: string, out: string) =>
    mineLabelledToFile({ data, model, out: at(out), negative: "hardest", threads: 1 });
  const raw = await mined("raw", "raw.jsonl");
  const own = await mined(at("run/model"), "own.jsonl");
  expect([raw.rows, own.rows]).toEqual([30, 30]);
  expect(own.distances).not.toEqual(raw.distances);
  const madeBy = (file: string) => JSON.parse(readFileSync(at(file), "utf8")).model;
  expect(madeBy("own.manifest.json")).toMatchObject({ kind: "model", name: at("run/model") });
  expect(madeBy("own.manifest.json").fingerprint).not.toBe(madeBy("raw.manifest.json").fingerprint);
  await expect(mined(folder, "no.jsonl")).rejects.toThrow(/wrong-model|cannot read pictures or vectors/);
});

test("mined triplets of texts are training data, with the ids of their items", async () => {
  const items = ["one", "two", "three"].map((text, i) => ({ id: `i${i}`, text, labels: [`${i % 2}`] }));
  const mined = {
    anchor: 0,
    positive: 2,
    negative: 1,
    positiveDistance: 0.1,
    negativeDistance: 0.2,
    source: "asked",
  } as const;
  writeFileSync(
    at("triplets.jsonl"),
    labelledRows("triplets", mined, items)
      .map((row) => JSON.stringify(row))
      .join("\n"),
  );
  const { queries, splits } = await loadData(at("triplets.jsonl"));
  expect([...queries.keys()]).toEqual(["i0"]);
  expect(splits.get("train")?.judgements.get("i0")).toEqual(new Map([["i2", 1]]));
  expect(splits.get("train")?.negatives?.get("i0")).toEqual(["i1"]);
});
