import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { bootstrapMean } from "#nearmiss/evaluate/bootstrap.js";
import { pearson, spearman } from "#nearmiss/evaluate/correlation.js";
import { evaluateLabelled } from "#nearmiss/evaluate/evaluate-labelled.js";
import { evaluateScored, parseScoredMeasures } from "#nearmiss/evaluate/evaluate-scored.js";
import { measureLabelled, parseLabelledMeasures } from "#nearmiss/evaluate/labelled-measures.js";
import { benjaminiHochberg, holm } from "#nearmiss/evaluate/multiple-testing.js";

const data = { fingerprint: "sha256:data", split: "test" };

function items(size: number, spread: number): Float32Array {
  const generator = rng(1, "items", spread);
  return Float32Array.from(
    { length: 2 * size },
    (_, i) => Math.cos(((i >> 1) % 6) + (i % 2 === 0 ? 0 : 1.5)) + spread * generator.normal(),
  );
}

test("labelled items: means and comparisons of each item's values, NMI of the whole set, lone items counted", async () => {
  const labels = Array.from({ length: 61 }, (_, i) => (i === 60 ? "alone" : `class ${i % 6}`));
  const system = (name: string, kind: "model" | "untrained", spread: number) =>
    ({ name, kind, fingerprint: name, vectors: items(61, spread), dimension: 2, similarity: "l2" }) as const;
  const systems = [system("model", "model", 0.1), system("untrained", "untrained", 0.6), system("other", "model", 0.3)];
  const warnings = collectWarnings();
  const measures = ["nmi", "precision@1", "map@r"];
  const result = await evaluateLabelled({ data, labels, systems, measures, seed: 3, resamples: 500, warnings });
  expect(result.data).toEqual({ ...data, kind: "labelled", queries: 60, documents: 61, lone: 1 });
  expect(warnings.list()).toMatchObject([{ code: "lone-items", count: 1 }]);
  expect(result.systems.map((one) => Object.keys(one.measures))).toEqual([measures, measures, measures]);
  const alone = await measureLabelled({
    queries: { vectors: items(61, 0.1), labels },
    dimension: 2,
    similarity: "l2",
    measures: parseLabelledMeasures(["map@r"]),
  });
  const mapR = result.systems[0]!.measures["map@r"]!;
  expect(mapR).toEqual({ mean: alone.means.get("map@r"), ...bootstrapMean(alone.values.get("map@r")!, 3, 500), n: 60 });
  const nmi = result.systems.map((one) => one.measures["nmi"]!);
  expect(nmi[0]!.mean).toBeGreaterThan(nmi[1]!.high);
  for (const { mean, low, high } of nmi) expect(low <= mean && mean <= high && low < high).toBe(true);
  expect(result.comparisons.map(({ b, measure }) => [b, measure])).toEqual([
    ["untrained", "precision@1"],
    ["untrained", "map@r"],
    ["other", "precision@1"],
    ["other", "map@r"],
  ]);
});

/** Gold scores of 0 … 5 in steps of ½, and similarities with noise. */
function scored(size: number, noise: number): { gold: Float64Array; scores: Float64Array } {
  const generator = rng(2, "scored", noise);
  const gold = Float64Array.from({ length: size }, (_, i) => (i % 11) / 2);
  return { gold, scores: gold.map((value) => value / 5 + noise * generator.normal()) };
}

test("scored pairs: correlations, bootstrapped with ranks taken anew, compared and adjusted for several systems", () => {
  const { gold, scores: good } = scored(120, 0.2);
  const named = (name: string, scores: Float64Array) => ({ name, kind: "model", fingerprint: name, scores }) as const;
  const systems = [
    named("good", good),
    named("bad", scored(120, 1).scores),
    named(
      "same",
      good.map((value) => 3 * value + 1),
    ),
  ];
  const {
    data: about,
    systems: measured,
    comparisons,
  } = evaluateScored({ data: { ...data, documents: 200 }, gold, systems, seed: 4, resamples: 400 });
  expect(about).toEqual({ ...data, kind: "scored", queries: 120, documents: 200 });
  // The bootstrap once more, by drawing the pairs.
  const generator = rng(4, "bootstrap");
  const draws = Array.from({ length: 400 }, () => Array.from({ length: 120 }, () => generator.int(120)));
  for (const [name, correlate] of [
    ["spearman", spearman],
    ["pearson", pearson],
  ] as const) {
    const values = draws
      .map(
        (rows) =>
          correlate(
            rows.map((i) => gold[i]!),
            rows.map((i) => good[i]!),
          )!,
      )
      .sort((a, b) => a - b);
    const at = (p: number): number => {
      const place = p * 399;
      return values[Math.floor(place)]! + (place % 1) * (values[Math.ceil(place)]! - values[Math.floor(place)]!);
    };
    const { mean, low, high, n } = measured[0]!.measures[name]!;
    expect([mean, n]).toEqual([correlate(gold, good), 120]);
    expect(low).toBeCloseTo(at(0.025), 10);
    expect(high).toBeCloseTo(at(0.975), 10);
  }
  const [bad, , same] = [comparisons[0]!, comparisons[1]!, comparisons[2]!];
  expect([bad.b, bad.measure, bad.p]).toEqual(["bad", "spearman", 1 / 401]);
  expect(bad.low).toBeGreaterThan(0);
  expect(bad.wins).toBeGreaterThan(bad.losses);
  expect(same).toMatchObject({ b: "same", p: 1, wins: 0, ties: 120, losses: 0 });
  expect(same.difference).toBeCloseTo(0, 12);
  const p = comparisons.filter(({ measure }) => measure === "pearson").map((one) => one.p);
  expect(comparisons[1]!.adjusted).toEqual({ holm: holm(p)[0], benjaminiHochberg: benjaminiHochberg(p)[0] });
});

test("the exchange test is right under its hypothesis: equally good systems seldom differ", () => {
  let significant = 0;
  for (let trial = 0; trial < 60; trial++) {
    const generator = rng(trial, "null");
    const gold = Float64Array.from({ length: 30 }, () => generator.normal());
    const noisy = (): Float64Array => gold.map((value) => value + generator.normal());
    const systems = [noisy(), noisy()].map(
      (scores, i) => ({ name: `${i}`, kind: "model", fingerprint: "", scores }) as const,
    );
    const [comparison] = evaluateScored({
      data: { ...data, documents: 1 },
      gold,
      systems,
      measures: ["spearman"],
      resamples: 199,
    }).comparisons;
    if (comparison!.p <= 0.05) significant += 1;
  }
  expect(significant).toBeLessThanOrEqual(9);
});

test("scores without variance, and unknown measures, are refused", () => {
  const gold = Float64Array.of(1, 2, 3);
  const constant = [{ name: "flat", kind: "model", fingerprint: "", scores: Float64Array.of(1, 1, 1) }] as const;
  expect(() => evaluateScored({ data: { ...data, documents: 3 }, gold, systems: constant })).toThrow(
    /no correlation.*flat/,
  );
  expect(() => parseScoredMeasures(["ndcg@10"])).toThrow(/spearman, pearson/);
});
