import { expect, test } from "vitest";
import { rng, rngFromState, shuffle, splitmix64 } from "#nearmiss/base/rng.js";

test("xoshiro128** gives the published sequence", () => {
  const generator = rngFromState([1, 2, 3, 4]);
  expect([generator.uint32(), generator.uint32(), generator.uint32()]).toEqual([11520, 0, 5927040]);
});

test("splitmix64 gives the published sequence", () => {
  expect(splitmix64(0n).value).toBe(16294208416658607535n);
});

test("a generator continues from its state", () => {
  const one = rng(7, "batches", 3);
  one.float();
  const two = rngFromState(one.state());
  expect([two.float(), two.int(10)]).toEqual([one.float(), one.int(10)]);
});

test("paths give different streams and equal paths equal ones", () => {
  expect(rng(1, "a").uint32()).not.toBe(rng(1, "b").uint32());
  expect(shuffle([1, 2, 3, 4, 5, 6, 7], rng(1, "a"))).toEqual(shuffle([1, 2, 3, 4, 5, 6, 7], rng(1, "a")));
});
