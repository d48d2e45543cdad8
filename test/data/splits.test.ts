import { join } from "node:path";
import { expect, test } from "vitest";
import { canonicalText } from "#nearmiss/base/text.js";
import { loadData } from "#nearmiss/data/load.js";
import { ensureDev, relevant, splitOf } from "#nearmiss/data/splits.js";
import { folderWith, jsonl } from "./folder.js";

const pairs = (count: number, positive: (i: number) => string) =>
  loadData(
    join(
      folderWith({
        "a.jsonl": jsonl(
          ...Array.from({ length: count }, (_, i) => ({ query: `q ${i}`, positive: positive(i), negative: `n ${i}` })),
        ),
      }),
      "a.jsonl",
    ),
  );

test("one query group in ten is held out, and shares neither documents nor texts with train", async () => {
  const data = await pairs(3000, (i) => `p ${i % 1000}`);
  const held = ensureDev(data);
  const [train, dev] = [splitOf(held, "train"), splitOf(held, "dev")];
  expect(train.judgements.size + dev.judgements.size).toBe(3000);
  // 1,000 groups of three queries at a chance of .1: mean 300, deviation 28.
  expect(dev.judgements.size).toBeGreaterThan(210);
  expect(dev.judgements.size).toBeLessThan(390);
  const trainPositives = new Set([...train.judgements.values()].flatMap(relevant));
  expect([...dev.judgements.values()].flatMap(relevant).filter((id) => trainPositives.has(id))).toEqual([]);
  const trainTexts = new Set([...train.judgements.keys()].map((id) => canonicalText(held.queries.get(id)?.text ?? "")));
  expect([...dev.judgements.keys()].filter((id) => trainTexts.has(held.queries.get(id)?.text ?? ""))).toEqual([]);
  expect([...(dev.negatives?.keys() ?? [])]).toEqual([...dev.judgements.keys()]);
});

test("the choice follows the ids, not the order of the file", async () => {
  const [forwards, backwards] = [await pairs(300, (i) => `p ${i}`), await pairs(300, (i) => `p ${i}`)];
  const reversed = {
    ...backwards,
    splits: new Map([
      ["train", { name: "train", judgements: new Map([...splitOf(backwards, "train").judgements].reverse()) }],
    ]),
  };
  const ids = (data: typeof forwards) => [...splitOf(ensureDev(data), "dev").judgements.keys()].sort();
  expect(ids(reversed)).toEqual(ids(forwards));
});

test("data that have a dev split stay as they are", async () => {
  const folder = folderWith({
    "train.csv": "query,positive\nq,p\n",
    "dev.csv": "query,positive\nr,s\n",
  });
  const data = await loadData(folder);
  expect(ensureDev(data)).toBe(data);
});

test("few groups still give a dev split; a single one is an error that says so", async () => {
  for (let count = 2; count < 12; count++) {
    const held = ensureDev(await pairs(count, (i) => `p ${i}`));
    expect(splitOf(held, "dev").judgements.size).toBeGreaterThanOrEqual(1);
    expect(splitOf(held, "train").judgements.size).toBeGreaterThanOrEqual(1);
  }
  const single = await pairs(5, () => "the same");
  expect(() => ensureDev(single)).toThrow(/nothing can be held out.*5 queries, all connected/);
});
