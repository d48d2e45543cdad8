import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { nearmiss } from "./nearmiss.js";
import { writePairs } from "./pairs.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-demo-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("demo compares ways of choosing negatives on a folder of one's own, and takes finished runs as they are", () => {
  writePairs(join(folder, "data"));
  const argv = [
    "demo",
    join(folder, "data"),
    "--out",
    join(folder, "demo"),
    "--json",
    "--cache",
    join(folder, "cache"),
  ];
  const demo = () => {
    const { code, out, err } = nearmiss(argv);
    expect(code, err).toBe(0);
    return JSON.parse(out).result;
  };
  const result = demo();
  const names = result.evaluation.systems.map(({ name }: { name: string }) => name);
  expect(names).toEqual(["simans", "top-k", "random", "in-batch", "bm25", "tf-idf", "untrained"]);
  expect(result.answer.hits.length).toBeGreaterThan(0);
  expect(existsSync(join(result.run, "report.html"))).toBe(true);
  expect(demo()).toEqual(result);
});
