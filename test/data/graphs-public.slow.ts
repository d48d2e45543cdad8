import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Dataset } from "#nearmiss/base/types.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { loadDataset } from "#nearmiss/data/load.js";
import { sharedData } from "./folder.js";

async function read<K extends "interactions" | "triples">(kind: K, path: string) {
  const warnings = collectWarnings();
  const data = await loadDataset(path, { warnings });
  if (data.kind !== kind) throw new Error(`${path} is ${data.kind}`);
  const counted = Object.fromEntries(warnings.list().map(({ code, count }) => [code, count]));
  return { data: data as Extract<Dataset, { kind: K }>, counted };
}

describe.skipIf(!existsSync(sharedData("gowalla")))("public sets", () => {
  test.each([
    ["gowalla", 40_981, { train: [29_858, 810_128], test: [29_858, 217_242] }],
    ["ml-latest-small", 9_742, { train: [610, 100_836] }],
    ["ml-100k", 1_682, { train: [943, 100_000] }],
    ["lastfm", 4_489, { train: [1_878, 42_135], test: [1_858, 10_533] }],
  ])("%s has the counts of its description", { timeout: 20_000 }, async (name, items, splits) => {
    const { data, counted } = await read("interactions", sharedData(name));
    expect(data.items.size).toBe(items);
    const counts = [...data.splits].map(([split, users]) => [
      split,
      [users.size, [...users.values()].reduce((sum, list) => sum + list.length, 0)],
    ]);
    expect(Object.fromEntries(counts)).toEqual(splits);
    expect(counted).toEqual({});
  });

  test("ml-latest-small: as many films are rated as the description says", async () => {
    const { data } = await read("interactions", sharedData("ml-latest-small"));
    const rated = new Set([...(data.splits.get("train")?.values() ?? [])].flat().map(({ item }) => item));
    expect(rated.size).toBe(9_724);
  });

  test.each([
    ["wn18rr", 40_943, 11, [86_835, 3_034, 3_134], { "unseen-entities": 420 }],
    ["fb15k-237", 14_541, 237, [272_115, 17_535, 20_466], { "unseen-entities": 37 }],
    ["umls", 135, 46, [5_216, 652, 661], {}],
    ["countries", 271, 2, [1_111, 24, 24], { "repeated-triples": 1 }],
  ])("%s has the counts of its description", { timeout: 20_000 }, async (name, entities, relations, sizes, warned) => {
    const { data, counted } = await read("triples", sharedData(name));
    expect([data.entities.size, data.relations.size]).toEqual([entities, relations]);
    expect(["train", "dev", "test"].map((split) => data.splits.get(split)?.length)).toEqual(sizes);
    expect(counted).toEqual(warned);
  });
});
