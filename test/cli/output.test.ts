import { expect, test } from "vitest";
import { formatBytes, formatNumber, formatSeconds } from "#nearmiss/cli/format.js";
import { createProgress } from "#nearmiss/cli/progress.js";
import { table } from "#nearmiss/cli/table.js";
import { interval, pValue } from "#nearmiss/report/figures.js";

test("tables are aligned, wide characters take two cells", () => {
  const text = table(
    [{ title: "system" }, { title: "ndcg@10", align: "right" }],
    [
      ["模型", "0.5"],
      ["bm25", "0.25"],
    ],
  );
  expect(text.split("\n")).toEqual(["system  ndcg@10", "──────  ───────", "模型        0.5", "bm25       0.25"]);
});

test("figures are printed as people read them", () => {
  expect(interval({ mean: 0.51234, low: 0.5, high: 0.53 })).toBe("0.512 [0.500, 0.530]");
  expect([pValue(0.0001), pValue(0.04)]).toEqual(["< 0.001", "0.040"]);
  expect([formatNumber(1234.5), formatNumber(12.345), formatNumber(0.01234)]).toEqual(["1235", "12.3", "0.0123"]);
  expect([42, 200, 7500].map(formatSeconds)).toEqual(["42 s", "3 min 20 s", "2 h 05 min"]);
  expect([2 ** 20 * 512, 2 ** 30 * 1.5].map(formatBytes)).toEqual(["512 MB", "1.5 GB"]);
});

test("without a terminal progress is a line at the start, every five seconds and at the end", () => {
  let clock = 0;
  const lines: string[] = [];
  const stream = { isTTY: false, write: (text: string) => lines.push(text) } as unknown as NodeJS.WriteStream;
  const progress = createProgress(stream, false, () => clock);
  for (let done = 0; done <= 12; done++) {
    progress.report({ stage: "encode", done, total: 12, note: "loss 1.5" });
    clock += 1000;
  }
  expect(lines).toEqual([
    "encode: 0/12 (loss 1.5)\n",
    "encode: 5/12 (1/s, 7 s left, loss 1.5)\n",
    "encode: 10/12 (1/s, 2 s left, loss 1.5)\n",
    "encode: 12/12 (1/s, loss 1.5)\n",
  ]);
});

test("stages that take turns, or are short, do not fill the log", () => {
  let clock = 0;
  const lines: string[] = [];
  const stream = { isTTY: false, write: (text: string) => lines.push(text) } as unknown as NodeJS.WriteStream;
  const progress = createProgress(stream, false, () => clock);
  for (let done = 1; done <= 8; done++) {
    progress.report({ stage: "train", done, total: 8 });
    clock += 500;
    for (const part of [1, 2]) progress.report({ stage: "encode", done: part, total: 2 });
    clock += 500;
  }
  expect(lines).toEqual(["train: 1/8\n", "train: 6/8 (1/s, 2 s left)\n", "train: 8/8 (1/s)\n"]);
});

test("quiet progress writes nothing", () => {
  const stream = { isTTY: false, write: () => expect.unreachable() } as unknown as NodeJS.WriteStream;
  createProgress(stream, true).report({ stage: "encode", done: 1 });
});
