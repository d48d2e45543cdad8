import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import type { Split } from "#nearmiss/base/types.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { type Drawn, drawFromPool, drawNegatives } from "#nearmiss/negatives/drawing.js";
import { rankWindow } from "#nearmiss/negatives/filters/rank-window.js";
import { type MineOptions, mine } from "#nearmiss/negatives/mine.js";
import { drawnIds, type PoolRecord, poolOfRecord, toRecord } from "#nearmiss/negatives/records.js";
import { rowsOf } from "#nearmiss/negatives/rows.js";
import { random } from "#nearmiss/negatives/samplers/random.js";
import { simans } from "#nearmiss/negatives/samplers/simans.js";
import { topK } from "#nearmiss/negatives/samplers/top-k.js";
import { manifestPath, writeNegatives } from "#nearmiss/negatives/writing.js";
import { collect, ids, pool, tinyData, tinyRequest } from "./fixtures.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-negatives-"));
afterAll(() => rmSync(folder, { recursive: true }));

const options = (more: Partial<MineOptions> = {}): MineOptions => ({
  ...tinyRequest(more),
  sampler: simans(),
  filters: [],
  count: 4,
  short: "fewer",
  ...more,
});

const draw = (more: Partial<MineOptions> = {}): Promise<Drawn[]> => collect(mine(options(more)));
const negativeIds = (drawn: readonly Drawn[]): string[][] => drawn.map(({ negatives }) => ids(negatives));
const textOf = (id: string): string => tinyData().documents.get(id)?.text as string;

test("known positives and rejected candidates are never drawn", async () => {
  for (const sampler of [simans(), random(), topK()]) {
    for (const { pool: from, negatives } of await draw({ sampler, count: 30 })) {
      const drawn = ids(negatives);
      expect(drawn.length).toBeGreaterThan(0);
      for (const { id } of from.positives) expect(drawn).not.toContain(id);
      for (const { id, rejected = null } of from.candidates) if (rejected !== null) expect(drawn).not.toContain(id);
    }
  }
});

test("a positive may be drawn only where its filter is turned off", async () => {
  const [first] = await draw({ sampler: topK(), without: ["known-positives", "equal-text"] });
  expect(ids(first?.negatives ?? [])).toContain("d0");
  // Its text alone still gives it away.
  const [second] = await draw({ sampler: topK(), without: ["known-positives"] });
  expect(second?.pool.candidates[0]?.rejected?.filter).toBe("equal-text");
});

test("draws depend on seed, round and query, not on the other queries or their order", async () => {
  const split = tinyData().splits.get("train") as Split;
  const whole = negativeIds(await draw());
  const reversed = { name: "train", judgements: new Map([...split.judgements].reverse()) };
  expect(negativeIds(await draw({ split: reversed })).reverse()).toEqual(whole);
  const one = { name: "train", judgements: new Map([...split.judgements].slice(5, 6)) };
  expect(negativeIds(await draw({ split: one }))).toEqual(whole.slice(5, 6));
  expect(negativeIds(await draw({ seed: 2 }))).not.toEqual(whole);
  expect(negativeIds(await draw({ round: 1 }))).not.toEqual(whole);
});

test("queries with equal pools draw independently of each other", () => {
  const draws = Array.from({ length: 8 }, (_, i) => {
    const from = pool([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], 0.6, { query: { id: `q${i}`, text: "" } });
    return ids(drawFromPool(from, simans(), { count: 3, seed: 1 })).join();
  });
  expect(new Set(draws).size).toBeGreaterThan(3);
});

test("visits of the same query in the same round draw anew", () => {
  const from = pool([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], 0.6);
  const visits = [0, 1, 2, 3].map((visit) => ids(drawFromPool(from, simans(), { count: 3, seed: 1, visit })).join());
  expect(new Set(visits).size).toBeGreaterThan(1);
  expect(ids(drawFromPool(from, simans(), { count: 3, seed: 1 })).join()).toBe(visits[0]);
});

test("short pools: fewer, skip, repeat, fill, error", async () => {
  const some = { depth: 5, count: 6, sampler: topK() } as const;
  const fewer = await draw({ ...some, short: "fewer" });
  expect(negativeIds(fewer)[0]).toEqual(["d2", "d3", "d4"]);
  expect(fewer.every(({ short, skipped }) => short && !skipped)).toBe(true);
  const skip = await draw({ ...some, short: "skip" });
  expect(skip.every(({ short, skipped, negatives }) => short && skipped && negatives.length === 0)).toBe(true);
  expect(negativeIds(await draw({ ...some, short: "repeat" }))[0]).toEqual(["d2", "d3", "d4", "d2", "d3", "d4"]);
  await expect(draw({ ...some, short: "error" })).rejects.toThrow(
    /query q0 has too few candidates; found: 3; expected: 6/,
  );
});

test("a filled pool takes what is missing from outside it, past the filters, and says so", async () => {
  const warnings = collectWarnings();
  const window = rankWindow({ low: 1, high: 4 });
  const drawn = await draw({ depth: 5, count: 6, sampler: topK(), short: "fill", filters: [window], warnings });
  for (const { pool: from, negatives, short } of drawn) {
    expect([negatives.length, short]).toEqual([6, true]);
    expect(new Set(ids(negatives)).size).toBe(6);
    for (const { id } of from.positives) expect(ids(negatives)).not.toContain(id);
    expect(from.candidates.map(({ rank }) => rank)).toEqual(from.candidates.map((_, i) => i + 1));
    const added = from.candidates.slice(5);
    expect(ids(negatives).slice(-added.length)).toEqual(ids(added));
    expect(negatives.at(-1)?.probability).toBe(0);
  }
  expect(warnings.list()).toMatchObject([{ code: "short-pool", count: 12 }]);
});

test("filling ends where the corpus has no more", async () => {
  const data = tinyData(4, 6);
  const [first] = await draw({ data, documents: data.documents, depth: 3, count: 20, short: "fill" });
  expect(ids(first?.negatives ?? []).sort()).toEqual(["d2", "d3", "d4", "d5"]);
});

test("a nearly flat distribution is a counted warning, for samplers that follow scores only", async () => {
  const count = async (sampler: MineOptions["sampler"]): Promise<number> => {
    const warnings = collectWarnings();
    await draw({ sampler, warnings, count: 1 });
    return warnings.list().find(({ code }) => code === "flat-distribution")?.count ?? 0;
  };
  expect(await count(simans({ unit: "raw", a: 0.001 }))).toBe(12);
  expect(await count(simans({ a: 4 }))).toBe(0);
  expect(await count(random())).toBe(0);
});

test("a record holds the pool, and is enough to draw from it again", async () => {
  for (const drawn of await draw()) {
    const record = JSON.parse(JSON.stringify(toRecord(drawn))) as PoolRecord;
    expect(Object.keys(record)).toEqual(["query", "positives", "similarity", "scale", "candidates", "round"]);
    expect(Object.keys(record.candidates[0] ?? {})).toEqual([
      "id",
      "score",
      "rank",
      "probability",
      "drawn",
      "rejected",
    ]);
    expect(record.candidates.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
    expect(drawnIds(record).sort()).toEqual(ids(drawn.negatives).sort());
    const again = drawFromPool(poolOfRecord(record), simans(), { count: 4, seed: 1 });
    expect(again).toEqual(drawn.negatives);
  }
});

test("rows have the columns of their format", async () => {
  const [drawn] = (await draw({ sampler: topK(), count: 2 })) as [Drawn];
  const [first, second] = drawn.pool.positives;
  const [one, two] = drawn.negatives;
  const query = { query: "question 0", query_id: "q0" };
  expect(rowsOf("triplets", drawn, textOf)).toEqual(
    [first, second].flatMap((positive) =>
      [one, two].map((negative) => ({
        ...query,
        positive: textOf(positive?.id ?? ""),
        negative: textOf(negative?.id ?? ""),
        positive_id: positive?.id,
        negative_id: negative?.id,
        positive_score: positive?.score,
        negative_score: negative?.score,
        negative_rank: negative?.rank,
      })),
    ),
  );
  expect(rowsOf("tuples", drawn, textOf)[1]).toEqual({
    ...query,
    positive: "document 1",
    negative_1: "document 2",
    negative_2: "document 3",
    positive_id: "d1",
    negative_ids: ["d2", "d3"],
    scores: [second?.score, one?.score, two?.score],
  });
  expect(rowsOf("pairs", drawn, textOf)).toEqual(
    [
      { text_id: "d0", label: 1, score: first?.score },
      { text_id: "d1", label: 1, score: second?.score },
      { text_id: "d2", label: 0, score: one?.score },
      { text_id: "d3", label: 0, score: two?.score },
    ].map((row) => ({ ...query, ...row, text: textOf(row.text_id) })),
  );
  expect(rowsOf("pools", drawn, textOf)).toEqual([toRecord(drawn)]);
});

test("a file and its manifest: same bytes for the same seed, gzipped or not", async () => {
  const write = (name: string) => writeNegatives(join(folder, name), "triplets", mine(options()), textOf, { seed: 1 });
  const result = await write("a.jsonl");
  await write("b.jsonl.gz");
  await write("c.jsonl.gz");
  const text = readFileSync(join(folder, "a.jsonl"), "utf8");
  expect(text.endsWith("}\n")).toBe(true);
  expect(text.trimEnd().split("\n").length).toBe(result.rows);
  expect(gunzipSync(readFileSync(join(folder, "b.jsonl.gz"))).toString("utf8")).toBe(text);
  expect(readFileSync(join(folder, "c.jsonl.gz"))).toEqual(readFileSync(join(folder, "b.jsonl.gz")));
  expect(manifestPath("out/b.jsonl.gz")).toBe("out/b.manifest.json");
  const manifest = JSON.parse(readFileSync(join(folder, "a.manifest.json"), "utf8")) as object;
  expect(manifest).toMatchObject({ seed: 1, format: "triplets", result: JSON.parse(JSON.stringify(result)) });
});

test("the summary counts queries, short ones, rejections by filter, and scores", async () => {
  const result = await writeNegatives(
    join(folder, "summary.jsonl"),
    "pairs",
    mine(options({ sampler: topK(), depth: 5, count: 4, short: "skip" })),
    textOf,
    {},
  );
  // Even queries have two positives among five candidates, so three negatives; odd ones have four.
  expect(result).toMatchObject({ queries: 12, short: 6, rows: 6 * 5, rejected: { "known-positives": 18 } });
  const scores = (await draw({ sampler: topK(), depth: 5, short: "skip" })).flatMap(({ negatives }) =>
    negatives.map(({ score }) => score),
  );
  const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
  expect(result.scores.negative).toMatchObject({ min: Math.min(...scores), max: Math.max(...scores) });
  expect(result.scores.negative?.mean).toBeCloseTo(mean, 12);
  expect(result.scores.negative?.std).toBeCloseTo(
    Math.sqrt(scores.reduce((sum, s) => sum + (s - mean) ** 2, 0) / scores.length),
    12,
  );
});

test("a count below 1 and a fill without a corpus are refused", async () => {
  await expect(draw({ count: 0 })).rejects.toThrow(/count/);
  const from = [pool([1], 2)];
  await expect(collect(drawNegatives(from, topK(), [], { count: 2, seed: 1, short: "fill" }))).rejects.toThrow(
    /corpus/,
  );
});
