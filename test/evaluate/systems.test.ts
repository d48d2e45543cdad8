import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import type { Hits, RetrievalData } from "#nearmiss/base/types.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { bootstrapMean } from "#nearmiss/evaluate/bootstrap.js";
import { parseMeasures } from "#nearmiss/evaluate/measures.js";
import { evaluateSystems, type SystemHits } from "#nearmiss/evaluate/systems.js";

const size = 40;
const ids = Array.from({ length: size }, (_, i) => `d${i}`);

function data(prefix = "q"): RetrievalData {
  const queries = ids.map((_, i) => ({ id: `${prefix}${i}`, text: `query ${i}` }));
  return {
    kind: "retrieval",
    format: "made up",
    source: "nowhere",
    documents: new Map(ids.map((id) => [id, { id, text: id }])),
    queries: new Map(queries.map((query) => [query.id, query])),
    splits: new Map([
      [
        "test",
        { name: "test", judgements: new Map(queries.map(({ id }, i) => [id, new Map([[ids[(i + 1) % size]!, 1]])])) },
      ],
      ["empty", { name: "empty", judgements: new Map([["q0", new Map([["d0", 0]])]]) }],
    ]),
    fingerprint: "sha256:data",
  };
}

/** A system that puts the relevant document at a random rank below `spread`. */
function system(name: string, spread: number): SystemHits {
  const generator = rng(1, name);
  const hits = new Map<string, Hits>();
  for (let i = 0; i < size; i++) {
    const relevant = ids[(i + 1) % size]!;
    const list = ids.filter((id) => id !== relevant).slice(0, spread);
    list.splice(generator.int(spread), 0, relevant);
    hits.set(`q${i}`, { ids: list, scores: Float64Array.from(list, (_, rank) => -rank) });
  }
  return { name, kind: "model", fingerprint: `sha256:${name}`, hits };
}

test("means, intervals and comparisons in the form of the contract", () => {
  const measures = parseMeasures("mrr@10,hit@1");
  const systems = [system("good", 2), system("bad", 12), system("good", 2)];
  const { result, queries, values } = evaluateSystems({
    data: data(),
    split: "test",
    systems,
    measures,
    seed: 3,
    resamples: 2000,
  });
  expect(result.data).toEqual({ fingerprint: "sha256:data", split: "test", queries: size, documents: size });
  expect(queries.length).toBe(size);
  const good = values[0]!.get("mrr@10")!;
  const bad = values[1]!.get("mrr@10")!;
  const mean = (list: Float64Array): number => list.reduce((a, b) => a + b, 0) / size;
  const measured = result.systems[0]!.measures["mrr@10"]!;
  expect(measured.n).toBe(size);
  expect(measured.mean).toBeCloseTo(mean(good), 14);
  expect(measured.low).toBeLessThan(measured.mean);
  expect(measured.high).toBeGreaterThan(measured.mean);
  expect({ low: measured.low, high: measured.high }).toEqual(bootstrapMean(good, 3, 2000));
  expect(result.comparisons.map(({ a, b, measure }) => [a, b, measure])).toEqual([
    ["good", "bad", "mrr@10"],
    ["good", "bad", "hit@1"],
    ["good", "good", "mrr@10"],
    ["good", "good", "hit@1"],
  ]);
  const [against, , same] = result.comparisons;
  expect(against!.difference).toBeCloseTo(mean(good) - mean(bad), 14);
  const differences = good.map((value, i) => value - bad[i]!);
  const interval = bootstrapMean(differences, 3, 2000);
  expect(against!.low).toBeCloseTo(interval.low, 12);
  expect(against!.high).toBeCloseTo(interval.high, 12);
  expect(against!.p).toBe(1 / 2001);
  expect([against!.wins, against!.ties, against!.losses]).toEqual([
    differences.filter((d) => d > 0).length,
    differences.filter((d) => d === 0).length,
    differences.filter((d) => d < 0).length,
  ]);
  expect(same).toMatchObject({ difference: 0, low: 0, high: 0, p: 1, wins: 0, ties: size, losses: 0 });
  expect(same).toMatchObject({ test: "randomisation", resamples: 2000 });
});

test("equal input and seed give equal results; another seed other intervals", () => {
  const run = (seed: number) =>
    evaluateSystems({ data: data(), split: "test", systems: [system("a", 5), system("b", 9)], seed, resamples: 500 });
  expect(run(1).result).toEqual(run(1).result);
  expect(run(1).result).not.toEqual(run(2).result);
});

test("unknown splits and splits without relevant documents are refused", () => {
  const systems = [system("a", 5)];
  expect(() => evaluateSystems({ data: data(), split: "dev", systems })).toThrow(/found: dev; expected: test, empty/);
  expect(() => evaluateSystems({ data: data(), split: "empty", systems })).toThrow(/relevant/);
});

test("queries that share an id with another document by chance are counted in a warning", () => {
  const warnings = collectWarnings();
  const systems = [system("a", 5)];
  const options = { split: "test", systems, resamples: 10, warnings };
  evaluateSystems({ ...options, data: data() });
  evaluateSystems({ ...options, data: data("d"), keepSelf: true });
  expect(warnings.list()).toEqual([]);
  evaluateSystems({ ...options, data: data("d") });
  expect(warnings.list()).toMatchObject([{ code: "shared-ids", count: size }]);
});
