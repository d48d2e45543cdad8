import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { textId } from "#nearmiss/base/text.js";
import type { LabelledData } from "#nearmiss/base/types.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { describeData } from "#nearmiss/data/describe.js";
import { holdOutItems } from "#nearmiss/data/held-out.js";
import { loadDataset } from "#nearmiss/data/load.js";
import { folderWith, jsonl, sharedData } from "./folder.js";

async function labelled(path: string, columns: Readonly<Record<string, string>> = {}, warnings = collectWarnings()) {
  const data = await loadDataset(path, { columns, warnings });
  if (data.kind !== "labelled") throw new Error(`${path} is ${data.kind}`);
  return data;
}

const itemsOf = (data: LabelledData) => [...data.items.values()];

describe("labels", () => {
  test("in JSON: a text, a number of 64 bits, lists, grades, and names of object members", async () => {
    const lines = [
      '{"text": "a", "label": "constructor"}',
      '{"text": "b", "label": 9007199254740993}',
      '{"text": "c", "label": [-9223372036854775808, "__proto__", 3]}',
      '{"text": "d", "label": {"x": 2, "12345678901234567890": 0.5}}',
      '{"text": "9007199254740993 stays in \\"text\\"", "label": true}',
    ];
    const data = await labelled(join(folderWith({ "a.jsonl": lines.join("\n") }), "a.jsonl"));
    expect(itemsOf(data).map(({ labels }) => labels)).toEqual([
      ["constructor"],
      ["9007199254740993"],
      ["-9223372036854775808", "__proto__", "3"],
      ["x", "12345678901234567890"],
      ["true"],
    ]);
    expect(itemsOf(data)[3]?.grades).toEqual([2, 0.5]);
    expect(itemsOf(data)[4]?.text).toBe('9007199254740993 stays in "text"');
  });

  test("in tables: a cell, a JSON list or object in a cell, or `labels` with bars between", async () => {
    const folder = folderWith({
      "a.csv": 'text,label\nx,007\ny,"[1, ""two""]"\nz,"{""a"": 3}"\nw,[not JSON\n',
      "b.tsv": 'text\tlabels\nx\ta|b | a\ny\t\nz\t["p", "q"]\n',
    });
    const csv = itemsOf(await labelled(join(folder, "a.csv")));
    expect(csv.map(({ labels }) => labels)).toEqual([["007"], ["1", "two"], ["a"], ["[not JSON"]]);
    expect(csv[2]?.grades).toEqual([3]);
    const warnings = collectWarnings();
    const tsv = itemsOf(await labelled(join(folder, "b.tsv"), {}, warnings));
    expect(tsv.map(({ labels }) => labels)).toEqual([
      ["a", "b"],
      ["p", "q"],
    ]);
    expect(warnings.list()).toMatchObject([{ code: "unlabelled-items", count: 1 }]);
  });

  test.each([
    ["null", "a label"],
    ["2.5", "a label"],
    ['""', "a label"],
    ['{"a": 0}', "grades above 0"],
    ['[["a"]]', "a list of labels"],
  ])("%s is no label", async (label, expected) => {
    const folder = folderWith({ "a.jsonl": `{"text": "a", "label": "b"}\n{"text": "c", "label": ${label}}\n` });
    await expect(loadDataset(join(folder, "a.jsonl"))).rejects.toMatchObject({
      detail: { file: join(folder, "a.jsonl"), line: 2, field: "label", expected: expect.stringContaining(expected) },
    });
  });
});

describe("labelled texts", () => {
  test("rows that come again are items of their own and are counted, as are those of two splits", async () => {
    const folder = folderWith({
      "train.csv": "text,label\none,a\ntwo,b\none,a\none,b\n,c\n",
      "validation.csv": "text,label\ntwo,b\n",
    });
    const warnings = collectWarnings();
    const data = await labelled(folder, {}, warnings);
    const [one, two] = [textId("one"), textId("two")];
    expect(Object.fromEntries(data.splits)).toEqual({
      train: [one, two, `${one}#2`, `${one}#3`, textId("")],
      dev: [`${two}#2`],
    });
    expect(warnings.list().map(({ code, count }) => [code, count])).toEqual([
      ["repeated-items", 2],
      ["several-labels", 1],
      ["empty-texts", 1],
      ["shared-items", 1],
    ]);
    expect(describeData(data)).toBe(
      `${folder}: CSV of labelled texts (text, label), 6 items, 3 labels\n  train: 5 items of 3 labels\n  dev: 1 item of 1 label`,
    );
  });

  test("rows of one id are one item with the labels of all", async () => {
    const folder = folderWith({
      "a.jsonl": jsonl(
        { id: 1, text: "one", label: "a" },
        { id: 2, text: "two", label: "a" },
        { id: 1, text: "one", label: { b: 3 } },
      ),
      "b.jsonl": jsonl({ id: "x", text: "one", label: "a" }, { id: "x", text: "other", label: "a" }),
    });
    const data = await labelled(join(folder, "a.jsonl"));
    expect(data.items.get("1")).toEqual({ id: "1", text: "one", labels: ["a", "b"], grades: [1, 3] });
    await expect(loadDataset(join(folder, "b.jsonl"))).rejects.toMatchObject({
      code: "duplicate-id",
      detail: { line: 2, field: "x", found: '"other"', expected: '"one"' },
    });
  });

  test("columns are named, a list of texts is several items, and a column may say the split", async () => {
    const folder = folderWith({
      "c.jsonl": jsonl(
        { query: "q", image: "i1", captions: ["one", "two"], part: "train" },
        { query: "q", image: "i2", captions: ["three"], part: "val" },
      ),
    });
    const data = await labelled(join(folder, "c.jsonl"), { text: "captions", label: "image", split: "part" });
    expect(Object.fromEntries(data.splits)).toEqual({
      train: [textId("one"), textId("two")],
      dev: [textId("three")],
    });
    expect(itemsOf(data).map(({ labels }) => labels)).toEqual([["i1"], ["i1"], ["i2"]]);
  });

  test("equal contents have equal fingerprints, other labels or splits another", async () => {
    const of = async (files: Readonly<Record<string, string>>) => (await labelled(folderWith(files))).fingerprint;
    const csv = "text,label\none,a\ntwo,b\n";
    const first = await of({ "train.csv": csv });
    expect(await of({ "train.tsv": csv.replaceAll(",", "\t") })).toBe(first);
    expect(await of({ "test.csv": csv })).not.toBe(first);
    expect(await of({ "train.csv": csv.replace("two,b", "two,c") })).not.toBe(first);
  });
});

describe("holding out", () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({ text: `text ${i}`, label: `class ${i % 20}` }));
  const data = () => labelled(join(folderWith({ "a.jsonl": jsonl(...rows) }), "a.jsonl"));
  const labelsIn = (of: LabelledData, split: string) =>
    new Set((of.splits.get(split) ?? []).flatMap((id) => of.items.get(id)?.labels ?? []));

  test("a share of the items, the same ones each time, others with another seed", async () => {
    const whole = await data();
    const held = holdOutItems(whole);
    expect([held.splits.get("train")?.length, held.splits.get("dev")?.length]).toEqual([180, 20]);
    expect(holdOutItems(await data()).splits).toEqual(held.splits);
    expect(holdOutItems(whole, { seed: 2 }).splits).not.toEqual(held.splits);
    expect(holdOutItems(held)).toBe(held);
    expect([...(held.splits.get("train") ?? []), ...(held.splits.get("dev") ?? [])].sort()).toEqual(
      [...whole.items.keys()].sort(),
    );
  });

  test("an item held out has another of its class beside it, however small classes are", async () => {
    const small = Array.from({ length: 90 }, (_, i) => ({
      text: `text ${i}`,
      label: i < 5 ? `lone ${i}` : `c${i % 17}`,
    }));
    const held = holdOutItems(await labelled(join(folderWith({ "a.jsonl": jsonl(...small) }), "a.jsonl")));
    const dev = (held.splits.get("dev") ?? []).map((id) => held.items.get(id)?.labels[0]);
    expect(dev).toHaveLength(10);
    for (const label of dev) expect(dev.filter((other) => other === label).length).toBeGreaterThan(1);
    const lone = jsonl(...Array.from({ length: 20 }, (_, i) => ({ text: `t${i}`, label: `l${i}` })));
    const alone = holdOutItems(await labelled(join(folderWith({ "a.jsonl": lone }), "a.jsonl")));
    expect(alone.splits.get("dev")).toHaveLength(2);
    expect(() => holdOutItems(alone, { to: "x", share: 1 })).toThrow(/above 0 and below 1/);
  });

  test("whole classes: no label stands on both sides", async () => {
    const held = holdOutItems(await data(), { by: "class", share: 0.25, to: "test" });
    const [train, test] = [labelsIn(held, "train"), labelsIn(held, "test")];
    expect([train.size, test.size]).toEqual([15, 5]);
    expect([...test].filter((label) => train.has(label))).toEqual([]);
  });

  test("classes that share an item stay together; where all do, that is an error", async () => {
    const chain = Array.from({ length: 9 }, (_, i) => ({
      text: `t${i}`,
      label: [`c${i}`, `c${i + (i % 3 === 2 ? 0 : 1)}`],
    }));
    const three = await labelled(join(folderWith({ "a.jsonl": jsonl(...chain) }), "a.jsonl"));
    const held = holdOutItems(three, { by: "class", share: 0.3 });
    const [train, dev] = [labelsIn(held, "train"), labelsIn(held, "dev")];
    expect([held.splits.get("train")?.length, held.splits.get("dev")?.length]).toEqual([6, 3]);
    expect([...dev].filter((label) => train.has(label))).toEqual([]);
    const all = await labelled(
      join(folderWith({ "a.jsonl": jsonl({ text: "a", label: ["x", "y"] }, { text: "b", label: "y" }) }), "a.jsonl"),
    );
    expect(() => holdOutItems(all, { by: "class" })).toThrow(/nothing can be held out/);
  });
});

describe.skipIf(!existsSync(sharedData("banking77")))("public sets", () => {
  test.each([
    ["banking77", {}, { train: [10_003, 77], test: [3_080, 77] }],
    [
      "flickr8k-captions/captions.jsonl.gz",
      { text: "captions", label: "image", split: "split" },
      { train: [30_000, 6_000], dev: [5_000, 1_000], test: [5_000, 1_000], none: [460, 93] },
    ],
    ["emoji/captions.jsonl", { text: "name", label: "category" }, { train: [1_300, 9] }],
  ])("%s has the counts of its description", async (name, columns, expected) => {
    const data = await labelled(sharedData(name), columns as Readonly<Record<string, string>>);
    const counts = [...data.splits].map(([split, ids]) => [
      split,
      [ids.length, new Set(ids.flatMap((id) => data.items.get(id)?.labels ?? [])).size],
    ]);
    expect(Object.fromEntries(counts)).toEqual(expected);
  });
});
