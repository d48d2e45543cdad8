import { expect, test } from "vitest";
import { miners } from "#nearmiss/miners/catalogue.js";
import { miner, minerOf } from "#nearmiss/miners/index.js";

test("a misspelt value, option or name neither compiles nor runs", () => {
  // @ts-expect-error: the value
  expect(() => miner("triplet-margin", { type: "seminard" })).toThrow(/seminard/);
  // @ts-expect-error: the option
  expect(() => miner("triplet-margin", { tpye: "hard" })).toThrow(/tpye/);
  // @ts-expect-error: an option of another miner
  expect(() => miner("batch-hard", { margin: 0.2 })).toThrow(/margin/);
  // @ts-expect-error: the name
  expect(() => miner("triplet-margins")).toThrow(/triplet-margins/);
  expect(() => minerOf("constructor")).toThrow(/no miner has this name/);
});

test("every miner has a name of its own and works without options", () => {
  expect(new Set(miners.map(({ name }) => name)).size).toBe(miners.length);
  for (const { name } of miners) expect(minerOf(name).create().name).toBe(name);
});

test("a window that begins at alpha needs one", () => {
  expect(() => miner("facenet-semi-hard", { window: "easy", alpha: null })).toThrow(/alpha/);
});
