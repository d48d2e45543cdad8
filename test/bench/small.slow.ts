// A small form of each benchmark: that it runs and that its sides agree, never how fast they are.
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { freshBert, writeModelFolder } from "#nearmiss/checkpoint/index.js";
import { trainWordPiece } from "#nearmiss/data/vocabulary.js";
import { emptyFolder, makePairs, writeData } from "../train/small.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = emptyFolder();
const [data, model] = [join(folder, "data"), join(folder, "model")];
beforeAll(async () => {
  mkdirSync(data);
  writeData(data);
  const texts = makePairs(240, 1).flatMap(({ query, positive }) => [query, positive]);
  const vocabulary = trainWordPiece(texts, { size: 400 });
  const sizes = { layers: 2, hiddenSize: 64, heads: 4, intermediateSize: 128, maxLength: 64, seed: 3, deviation: 0.2 };
  const fresh = freshBert({ vocabulary, ...sizes });
  await writeModelFolder(model, { model: fresh.model, tensors: fresh.tensors });
});

/** What a benchmark prints; every number in it is finite. */
async function bench<Result>(script: string, ...args: string[]): Promise<Result> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, "bench", script), ...args], {
    cwd: root,
    maxBuffer: 1 << 26,
  });
  expect(stdout).not.toMatch(/NaN|Infinity/);
  const result = JSON.parse(stdout) as Result;
  const look = (value: unknown, at: string): void => {
    if (typeof value === "number") expect(Number.isFinite(value), at).toBe(true);
    else if (typeof value === "object" && value !== null)
      for (const [key, inner] of Object.entries(value)) look(inner, `${at}.${key}`);
  };
  look(result, script);
  return result;
}

interface Step {
  readonly name: string;
  readonly nearmiss: { readonly losses: readonly number[]; readonly peakBytes: number };
}

test("fine-tuning: losses in float32, with 8-bit gradients and with 8-bit products agree", async () => {
  const args = ["--steps", "2", "--warmup", "1", "--rounds", "1", "--batch", "8", "--no-peer"];
  const { settings } = await bench<{ readonly settings: readonly Step[] }>("minilm-step.mjs", model, data, ...args);
  const losses = new Map(settings.map(({ name, nearmiss }) => [name, nearmiss.losses]));
  const exact = losses.get("dropout 0") as readonly number[];
  expect(exact.length).toBe(2);
  expect(losses.get("dropout 0.1")).not.toEqual(exact);
  for (const name of ["dropout 0, int8", "dropout 0, int8-gradient"]) {
    for (const [i, loss] of (losses.get(name) as readonly number[]).entries())
      expect(Math.abs(loss / (exact[i] as number) - 1), name).toBeLessThan(0.1);
  }
});

interface Encoded {
  readonly ndcg: number;
  readonly cosineToFloat32: { readonly mean: number; readonly firstPercentile: number };
}

test("encoding: vectors by 8-bit integers are near, and retrieval is as good", async () => {
  const args = ["--documents", "60", "--queries", "20", "--rounds", "1", "--no-peer"];
  type Result = { readonly nearmiss: Readonly<Record<"float32" | "int8", Encoded>> };
  const { nearmiss } = await bench<Result>("encode.mjs", model, data, ...args);
  expect(nearmiss.int8.cosineToFloat32.mean).toBeGreaterThan(0.99);
  expect(nearmiss.int8.cosineToFloat32.mean).toBeLessThan(1);
  expect(Math.abs(nearmiss.int8.ndcg - nearmiss.float32.ndcg)).toBeLessThan(0.05);
});

test("cached batches: the whole batch has more negatives than its parts", async () => {
  type Way = { readonly loss: number; readonly tokens: number };
  type Result = { readonly gradCache: Way; readonly "small batches": Way };
  const args = ["--pairs", "64", "--micro", "8", "--no-peer"];
  const result = await bench<Result>("gradcache.mjs", model, data, ...args);
  expect(result.gradCache.tokens).toBe(result["small batches"].tokens);
  expect(result.gradCache.loss).toBeGreaterThan(result["small batches"].loss);
});

test("static encoder: the loss falls, and every part of its step is told", async () => {
  type Result = { readonly nearmiss: { readonly finalLoss: number } };
  const { nearmiss } = await bench<Result>("static.mjs", data, "--steps", "12", "--repeat", "1", "--no-peer");
  expect(nearmiss.finalLoss).toBeLessThan(4);
  const args = ["--steps", "2", "--batch", "32", "--vocabulary", "400"];
  type Profile = { readonly milliseconds: Readonly<Record<string, number>> };
  const { milliseconds } = await bench<Profile>("static-profile.mjs", data, ...args);
  expect(Object.keys(milliseconds)).toContain("AdamW");
});

test("growing work: figures for 1, 2 and 4 times the data", async () => {
  type Result = { readonly points: readonly { readonly times: number; readonly steps: number }[] };
  const args = ["--pairs", "32", "--times", "1,2,4", "--epochs", "2"];
  const { points } = await bench<Result>("growth.mjs", data, ...args);
  expect(points.map(({ times }) => times)).toEqual([1, 2, 4]);
});

test("profiles of the fine-tuning step", async () => {
  for (const precision of ["float32", "int8"]) {
    const args = ["--batch", "8", "--steps", "2", "--precision", precision];
    type Result = { readonly kinds: readonly { readonly kind: string }[] };
    const { kinds } = await bench<Result>("profile.mjs", model, data, ...args);
    const names = kinds.map(({ kind }) => kind);
    expect(names).toContain("Gemm");
    expect(names.includes("MatMulIntegerToFloat")).toBe(precision === "int8");
  }
});

test("exact search: 8-bit products find the same", async () => {
  const args = ["--documents", "3000", "--dimension", "48", "--k", "20", "--batch", "30", "--batches", "2"];
  type Result = { readonly certified: boolean };
  expect((await bench<Result>("exact.mjs", ...args, "--repeat", "1", "--no-peer")).certified).toBe(true);
});

test("mining from given vectors: three negatives a query, and a recall for the graph", async () => {
  type Side = { readonly rows: number; readonly report: { readonly recall?: { readonly mean: number } } };
  const args = ["--pairs", "600", "--dimension", "32", "--no-peer", "--large", "900", "--large-queries", "200"];
  const { large, ...small } = await bench<Side & { readonly large: Side }>("mining.mjs", ...args);
  expect([small.rows, large.rows]).toEqual([1800, 600]);
  expect(large.report.recall?.mean).toBeGreaterThan(0.9);
});

test("measuring a run", async () => {
  type Result = { readonly lines: number };
  expect((await bench<Result>("score.mjs", "--lines", "2000", "--rounds", "1")).lines).toBe(2000);
});

test("quality by 8-bit integers: the same runs as in float32, nearly", async () => {
  type Run = { readonly ndcg: readonly number[]; readonly losses: readonly (readonly number[])[] };
  type Result = { readonly precisions: Readonly<Record<"float32" | "int8" | "int8-gradient", Run>> };
  const args = ["--steps", "4", "--seeds", "2", "--batch", "8"];
  const { precisions } = await bench<Result>("int8-quality.mjs", model, data, ...args);
  for (const seed of [0, 1]) {
    const exact = precisions.float32.losses[seed] as readonly number[];
    for (const precision of ["int8", "int8-gradient"] as const) {
      const found = precisions[precision].losses[seed] as readonly number[];
      expect(found.length).toBe(4);
      for (const [i, loss] of found.entries()) expect(Math.abs(loss / (exact[i] as number) - 1)).toBeLessThan(0.1);
    }
  }
});
