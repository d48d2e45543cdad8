// Counts and indices that PyTorch Metric Learning 2.9.0 gave on one small example.
import { expect, test } from "vitest";
import { allenaiWindow } from "#nearmiss/miners/allenai-window.js";
import { miner } from "#nearmiss/miners/index.js";
import { example, mined, range } from "./batch.js";

const rows = range(8).map((i) => range(4).map((j) => Math.sin(0.7 * (4 * i + j + 1)) * (1 + 0.1 * i)));
const given = example(rows, ["0", "0", "0", "1", "1", "2", "2", "3"]);

test("batch-hard", () => {
  const found = mined(miner("batch-hard", { normalize: true }), given).triplets;
  expect(found.map(([a]) => a)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(found.map(([, p]) => p)).toEqual([1, 0, 1, 4, 3, 6, 5]);
  expect(found.map(([, , n]) => n)).toEqual([7, 3, 4, 1, 2, 3, 4]);
});

test("triplets by margin", () => {
  const count = (type: "all" | "hard" | "semi-hard" | "easy") =>
    mined(miner("triplet-margin", { type }), given).triplets;
  expect([count("all"), count("hard"), count("easy")].map((list) => list.length)).toEqual([46, 41, 8]);
  expect(count("semi-hard")).toEqual([
    [0, 2, 7],
    [2, 0, 4],
    [3, 4, 2],
    [5, 6, 4],
    [6, 5, 7],
  ]);
});

test("pairs", () => {
  const count = (one: ReturnType<typeof miner>) => {
    const { positives, negatives } = mined(one, given);
    return [positives.length, negatives.length];
  };
  expect(count(miner("multi-similarity"))).toEqual([10, 39]);
  expect(count(miner("pair-margin"))).toEqual([10, 12]);
  expect(count(miner("hdc"))).toEqual([5, 23]);
  expect(count(miner("batch-easy-hard"))).toEqual([5, 5]);
});

test("angular, on vectors as they are", () => {
  expect(mined(miner("angular", { normalize: false }), given).triplets).toHaveLength(44);
});

test("the window over a macro-batch", () => {
  const answers = rows.map((row, i) => row.map((x, j) => x + 0.9 * Math.cos(1.3 * (4 * i + j + 1))));
  const found = (minMargin: number | null, maxMargin: number | null) =>
    allenaiWindow(
      { questions: rows.flat(), answers: answers.flat(), dimension: 4, answerTexts: rows.map((_, i) => `${i}`) },
      { minMargin, maxMargin },
    );
  expect(found(0, 0.2).negatives).toEqual([7, null, 4, null, null, 1, 4, 2]);
  expect(found(0, 0.2).discarded).toBe(3);
  expect(found(0, 0.6).negatives).toEqual([7, 5, 4, 7, 6, 1, 4, 2]);
  expect(found(null, null).used).toBe(8);
});
