import { expect, test } from "vitest";
import { NearmissError } from "#nearmiss/base/errors.js";
import { defaultCacheFolder } from "#nearmiss/cli/cache-folder.js";
import { choice, columnNames, decimal, integer, nameList, parameters } from "#nearmiss/cli/values.js";

test("whole numbers are taken in their range only", () => {
  const parse = integer("--count", 1, 10);
  expect([parse("1"), parse("10")]).toEqual([1, 10]);
  for (const text of ["0", "11", "1.0", "1e1", "", "x", "0x5"]) expect(() => parse(text)).toThrow(NearmissError);
  expect(() => parse("11")).toThrow(/--count.*found: 11.*from 1 to 10/);
});

test("decimals must be finite and accepted", () => {
  const parse = decimal("--dropout", "from 0 up to 1", (value) => value >= 0 && value < 1);
  expect([parse("0.1"), parse("5e-2")]).toEqual([0.1, 0.05]);
  for (const text of ["1", "-0.1", "NaN", "Infinity", "", "0.1x"]) expect(() => parse(text)).toThrow(NearmissError);
});

test("names are checked against the list", () => {
  const parse = choice("--sampler", ["random", "simans"]);
  expect(parse("simans")).toBe("simans");
  expect(() => parse("siman")).toThrow(/one of random, simans/);
});

test("lists hold different names", () => {
  const parse = nameList("--measures");
  expect(parse("ndcg@10, mrr@10")).toEqual(["ndcg@10", "mrr@10"]);
  for (const text of ["", "a,", "a,a"]) expect(() => parse(text)).toThrow(NearmissError);
});

test("columns and parameters are pairs; names such as __proto__ are kept as they are", () => {
  expect([...columnNames("--columns")("query=q,positive=a column")]).toEqual([
    ["query", "q"],
    ["positive", "a column"],
  ]);
  expect([...columnNames("--columns")("query=__proto__")]).toEqual([["query", "__proto__"]]);
  for (const text of ["query", "query=", "=q", "query=a,query=b"]) {
    expect(() => columnNames("--columns")(text)).toThrow(NearmissError);
  }
  const parse = parameters("--param");
  expect([...parse("kernel=laplace", parse("a=0.5"))]).toEqual([
    ["a", "0.5"],
    ["kernel", "laplace"],
  ]);
  expect(() => parse("a=1", parse("a=0.5"))).toThrow(/a once/);
});

test("the cache folder comes from the environment first", () => {
  expect(defaultCacheFolder({ NEARMISS_CACHE: "/here" })).toBe("/here");
  expect(defaultCacheFolder({})).toMatch(/nearmiss/);
});
