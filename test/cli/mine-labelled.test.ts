import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mineLabelledToFile } from "#nearmiss/main.js";
import { nearmiss } from "./nearmiss.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-mine-labelled-"));
const at = (...parts: string[]): string => join(folder, ...parts);

beforeAll(() => {
  // Pictures of one row and two pixels in idx files: an angle of the quarter circle a picture.
  const angles = [0, 20, 42, 56, 80, 90];
  const pixels = angles.flatMap((angle) => {
    const radians = (angle * Math.PI) / 180;
    return [Math.round(255 * Math.cos(radians)), Math.round(255 * Math.sin(radians))];
  });
  const big = (n: number) => [0, 0, 0, n];
  writeFileSync(
    at("train-images-idx3-ubyte"),
    Uint8Array.from([0, 0, 8, 3, ...big(6), ...big(1), ...big(2), ...pixels]),
  );
  writeFileSync(at("train-labels-idx1-ubyte"), Uint8Array.from([0, 0, 8, 1, ...big(6), 0, 0, 1, 0, 1, 2]));
  const texts = [0, 1, 2].map((i) => JSON.stringify({ text: `text ${i}`, label: "abc"[i] }));
  writeFileSync(at("texts.jsonl"), texts.join("\n"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const mine = (...more: string[]) => {
  const { code, out, err } = nearmiss([
    "mine",
    "--data",
    folder,
    "--model",
    "raw",
    "--json",
    "--cache",
    at("cache"),
    ...more,
  ]);
  return { code, err, ...JSON.parse(out) };
};

const lines = (path: string) => {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  return text.trim() === ""
    ? []
    : text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
};

test("mine writes triplets of labelled items with ids and distances, and a manifest", () => {
  const { code, err, result } = mine("--out", at("t.jsonl"), "--negative", "hardest", "--metric", "l2");
  expect(code, err).toBe(0);
  expect(result).toMatchObject({ anchors: 6, rows: 5, fallback: 0, dropped: { "no-positive": 1 } });
  const rows = lines(at("t.jsonl"));
  expect(rows.map((row) => [row.anchor_id, row.positive_id, row.negative_id])).toEqual([
    ["train/0", "train/3", "train/2"],
    ["train/1", "train/3", "train/2"],
    ["train/2", "train/4", "train/3"],
    ["train/3", "train/0", "train/2"],
    ["train/4", "train/2", "train/5"],
  ]);
  expect(rows[0].positive_distance).toBeCloseTo(2 * Math.sin((28 * Math.PI) / 180), 2);
  expect(Object.keys(rows[0])).toEqual([
    "anchor_id",
    "positive_id",
    "negative_id",
    "positive_distance",
    "negative_distance",
  ]);
  const manifest = JSON.parse(readFileSync(at("t.manifest.json"), "utf8"));
  expect(manifest).toMatchObject({
    model: { kind: "raw" },
    parameters: { positive: "hardest", negative: "hardest", metric: "l2", margin: 0.2, subset: null },
    result: { rows: 5 },
  });
});

test("a window without bound, and pairs", () => {
  const flags = [
    "--out",
    at("p.jsonl.gz"),
    "--format",
    "pairs",
    "--positive",
    "easiest",
    "--metric",
    "l2",
    "--margin",
    "none",
  ];
  const { code, err, result } = mine(...flags);
  expect(code, err).toBe(0);
  // 0° with 20°: the next that is farther is 42°; 80° with 42°: 90° and 56° are nearer, 20° is next; to 56° nothing is farther than 20°.
  expect(result).toMatchObject({ rows: 8, dropped: { "no-positive": 1, "no-semi-hard": 1 } });
  const rows = lines(at("p.jsonl.gz"));
  expect(rows.slice(0, 2).map((row) => [row.anchor_id, row.text_id, row.label])).toEqual([
    ["train/0", "train/1", 1],
    ["train/0", "train/2", 0],
  ]);
  expect(rows.slice(6, 8).map((row) => [row.anchor_id, row.text_id, row.label])).toEqual([
    ["train/4", "train/2", 1],
    ["train/4", "train/1", 0],
  ]);
});

test("flags of the other kind of data, and what cannot be, are bad usage", () => {
  const failed = (...more: string[]) => mine("--out", at("no.jsonl"), ...more);
  expect(failed("--sampler", "top-k")).toMatchObject({ code: 2, error: { code: "bad-usage", found: "--sampler" } });
  expect(failed("--format", "pools")).toMatchObject({ code: 2, error: { expected: "one of triplets, pairs" } });
  expect(failed("--no-filter", "known-positives")).toMatchObject({ code: 2, error: { expected: "equal-text" } });
  expect(failed("--split", "dev")).toMatchObject({ code: 2, error: { code: "unknown-split" } });
  expect(failed("--margin", "-1")).toMatchObject({ code: 2, error: { code: "bad-value" } });
  const pairs = at("pairs.jsonl");
  writeFileSync(pairs, JSON.stringify({ query: "q", positive: "p" }));
  const other = failed("--data", pairs, "--subset", "3");
  expect(other).toMatchObject({ code: 2, error: { code: "bad-usage", found: "--subset" } });
  expect(failed("--data", pairs)).toMatchObject({ code: 2, error: { expected: "--sampler NAME" } });
});

test("an anchor without a semi-hard negative is left out, or takes the hardest", async () => {
  const narrow = { data: folder, model: "raw", metric: "l2", positive: "easiest", margin: 0.01 } as const;
  const left = await mineLabelledToFile({ ...narrow, out: at("left.jsonl") });
  expect(left).toMatchObject({
    rows: 0,
    dropped: { "no-positive": 1, "no-semi-hard": 5 },
    distances: { negative: null },
  });
  const held = await mineLabelledToFile({ ...narrow, fallback: "hardest", out: at("held.jsonl") });
  expect(held).toMatchObject({ rows: 5, fallback: 5, dropped: { "no-positive": 1 } });
});

test("texts have no vectors of their own", async () => {
  await expect(mineLabelledToFile({ data: at("texts.jsonl"), model: "raw", out: at("x.jsonl") })).rejects.toThrow(
    /a model makes them/,
  );
});
