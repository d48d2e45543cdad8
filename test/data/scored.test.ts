import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { textId } from "#nearmiss/base/text.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { describeData } from "#nearmiss/data/describe.js";
import { holdOutPairs } from "#nearmiss/data/held-out.js";
import { loadDataset } from "#nearmiss/data/load.js";
import { folderWith, jsonl, sharedData } from "./folder.js";

async function scored(path: string, warnings = collectWarnings()) {
  const data = await loadDataset(path, { warnings });
  if (data.kind !== "scored") throw new Error(`${path} is ${data.kind}`);
  return data;
}

test("a numeric score wins over a label; a numeric label will do; scores keep their units", async () => {
  const folder = folderWith({
    "a.tsv": "sentence1\tsentence2\tscore\tlabel\none\ttwo\t4.5\tneutral\n",
    "b.jsonl": jsonl({ query: "one", answer: "two", label: 0, query_id: 7 }, { query: "a", answer: "b", label: 1 }),
  });
  const tsv = await scored(join(folder, "a.tsv"));
  expect(tsv.splits.get("train")).toEqual([
    { first: { id: textId("one"), text: "one" }, second: { id: textId("two"), text: "two" }, score: 4.5 },
  ]);
  expect(tsv.format).toBe("TSV of scored pairs (sentence1, sentence2, score)");
  const lines = await scored(join(folder, "b.jsonl"));
  expect(lines.splits.get("train")?.map(({ first, score }) => [first.id, score])).toEqual([
    ["7", 0],
    [textId("a"), 1],
  ]);
});

test("a label in words beside a pair is passed over: the rows are pairs", async () => {
  const folder = folderWith({ "a.csv": "question,answer,label\nq,a,faq\n" });
  expect((await loadDataset(join(folder, "a.csv"))).kind).toBe("retrieval");
});

test("repeated pairs, pairs of two splits and blank texts are kept and counted", async () => {
  const header = "sentence1,sentence2,score\n";
  const folder = folderWith({
    "en-train.csv": `${header}a,b,1\na, b ,2\nb,a,3\n`,
    "en-dev.csv": `${header}a,b,1\n,b,0\n`,
    "zh-dev.csv": `${header}甲,乙,1\n`,
  });
  const warnings = collectWarnings();
  const data = await scored(join(folder, "en"), warnings);
  expect(describeData(data)).toBe(
    `${join(folder, "en")}: CSV of scored pairs (sentence1, sentence2, score)\n  train: 3 pairs, scores from 1 to 3\n  dev: 2 pairs, scores from 0 to 1`,
  );
  expect(Object.fromEntries(warnings.list().map(({ code, count }) => [code, count]))).toEqual({
    "shared-pairs": 1,
    "empty-texts": 1,
    "repeated-pairs": 1,
  });
  await expect(loadDataset(folder)).rejects.toMatchObject({
    code: "ambiguous-input",
    detail: { found: expect.stringContaining("en, zh"), hint: expect.stringContaining(join(folder, "en")) },
  });
});

test("files of a folder that hold different kinds of rows are an error", async () => {
  const folder = folderWith({ "train.csv": "query,positive\na,b\n", "test.csv": "query,positive,score\na,b,1\n" });
  await expect(loadDataset(folder)).rejects.toMatchObject({
    code: "ambiguous-input",
    detail: { file: join(folder, "train.csv"), found: "pairs", expected: "scored" },
  });
});

test("a score that is missing later is named with its line", async () => {
  const folder = folderWith({ "a.csv": "sentence1,sentence2,score\na,b,1\nc,d,\n" });
  await expect(loadDataset(join(folder, "a.csv"))).rejects.toMatchObject({
    code: "invalid-field",
    detail: { line: 3, field: "score", found: "a blank text", expected: "a number" },
  });
});

test("pairs of equal texts are held out together", async () => {
  const rows = Array.from({ length: 60 }, (_, i) => `a${i % 30},b${i % 30},${i}\n`);
  const data = await scored(join(folderWith({ "a.csv": `sentence1,sentence2,score\n${rows.join("")}` }), "a.csv"));
  const held = holdOutPairs(data);
  const [train = [], dev = []] = [held.splits.get("train"), held.splits.get("dev")];
  expect([train.length, dev.length]).toEqual([54, 6]);
  const texts = new Set(train.map(({ first }) => first.text));
  expect(dev.filter(({ first }) => texts.has(first.text))).toEqual([]);
});

describe.skipIf(!existsSync(sharedData("stsb")))("public sets", () => {
  test.each([
    ["stsb/en", { train: 5_749, dev: 1_500, test: 1_379 }],
    ["stsb/zh", { train: 5_749, dev: 1_500, test: 1_379 }],
    ["sick", { train: 4_500, dev: 500, test: 4_927 }],
    ["zh-pairs/lcqmc", { dev: 8_802, test: 12_500 }],
    ["zh-pairs/bq", { dev: 10_000, test: 10_000 }],
    ["zh-pairs/atec.tsv.gz", { train: 39_346 }],
  ])("%s has the counts of its description", async (name, expected) => {
    const data = await scored(sharedData(name));
    expect(Object.fromEntries([...data.splits].map(([split, pairs]) => [split, pairs.length]))).toEqual(expected);
  });
});
