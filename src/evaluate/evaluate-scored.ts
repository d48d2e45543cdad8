import { inputError, workError } from "../base/errors.js";
import { rng } from "../base/rng.js";
import { middle95 } from "./bootstrap.js";
import { withAdjusted } from "./compare-systems.js";
import { midRanks, pearson, spearman } from "./correlation.js";
import type { Comparison, EvaluationResult, SystemKind, SystemResult } from "./results.js";

/** A system's similarities of the pairs. */
export interface PairSystem {
  readonly name: string;
  readonly kind: SystemKind;
  readonly fingerprint: string;
  readonly scores: Float64Array;
}

export const scoredMeasures = ["spearman", "pearson"] as const;
export type ScoredMeasure = (typeof scoredMeasures)[number];

export interface ScoredEvaluationOptions {
  readonly data: { readonly fingerprint: string; readonly split: string; readonly documents: number };
  /** The scores that people gave, one a pair. */
  readonly gold: Float64Array;
  /** The system asked for comes first; the others are compared with it. */
  readonly systems: readonly PairSystem[];
  readonly measures?: readonly ScoredMeasure[];
  readonly seed?: number;
  readonly resamples?: number;
}

/** Reads names; throws `unknown-measure`. */
export function parseScoredMeasures(names: readonly string[]): readonly ScoredMeasure[] {
  return names.map((name) => {
    const known = scoredMeasures.find((one) => one === name);
    if (known !== undefined) return known;
    throw inputError("unknown-measure", "the measure of scored pairs is not known", {
      field: "measures",
      found: name,
      expected: scoredMeasures.join(", "),
    });
  });
}

/**
 * Correlates systems' similarities with people's scores and compares the first system with each other one. Intervals are bootstrapped over pairs, in the same
 * resamples for all systems; ranks are taken anew in each. The test is Fisher's randomisation of which system gave which value of a pair, after both
 * systems' values became ranks (Spearman) or were standardised (Pearson). A system wins a pair where its value, so transformed, is nearer to the
 * transformed score. Throws where the scores, or a system's, are all equal: they have no correlation.
 */
export function evaluateScored(options: ScoredEvaluationOptions): EvaluationResult {
  const { data, gold, systems, measures = scoredMeasures, seed = 1, resamples = 10_000 } = options;
  const resampled = new Map(
    measures.map((measure) => [measure, resampledCorrelations(measure, gold, systems, seed, resamples)]),
  );
  const transformed = (measure: ScoredMeasure, values: Float64Array): Float64Array =>
    standardised(measure === "spearman" ? midRanks(values) : values);
  const means = systems.map(
    (system) => new Map(measures.map((measure) => [measure, correlation(measure, gold, system)])),
  );
  const measured = systems.map(({ name, kind, fingerprint }, s): SystemResult => {
    const entries = measures.map((measure) => [
      measure,
      { mean: means[s]!.get(measure)!, ...middle95(defined(resampled.get(measure)![s]!)), n: gold.length },
    ]);
    return { name, kind, fingerprint, measures: Object.fromEntries(entries) };
  });
  const comparisons = systems.slice(1).flatMap((other, i) =>
    measures.map((measure): Comparison => {
      const [first] = systems;
      const [a, b, g] = [first!.scores, other.scores, gold].map((values) => transformed(measure, values));
      const [ofFirst, ofOther] = [resampled.get(measure)![0]!, resampled.get(measure)![i + 1]!];
      const nearer = a!.map((value, pair) => Math.abs(b![pair]! - g![pair]!) - Math.abs(value - g![pair]!));
      const wins = nearer.filter((value) => value > 1e-12).length;
      const losses = nearer.filter((value) => value < -1e-12).length;
      return {
        a: first!.name,
        b: other.name,
        measure,
        difference: means[0]!.get(measure)! - means[i + 1]!.get(measure)!,
        ...middle95(defined(ofFirst.map((value, row) => value - ofOther[row]!))),
        p: swappedP(g!, a!, b!, seed, resamples),
        test: "randomisation",
        resamples,
        wins,
        ties: gold.length - wins - losses,
        losses,
      };
    }),
  );
  const about = { ...data, kind: "scored", queries: gold.length } as const;
  return { data: about, systems: measured, comparisons: withAdjusted(comparisons) };
}

function correlation(measure: ScoredMeasure, gold: Float64Array, { name, scores }: PairSystem): number {
  const value = measure === "spearman" ? spearman(gold, scores) : pearson(gold, scores);
  if (value !== null) return value;
  throw workError("no-correlation", "scores that are all equal, or a single pair, have no correlation", {
    found: `${gold.length} pairs, ${name}`,
  });
}

/** One array a system: its correlation in each resample; NaN where a resample holds equal values only. */
function resampledCorrelations(
  measure: ScoredMeasure,
  gold: Float64Array,
  systems: readonly PairSystem[],
  seed: number,
  resamples: number,
): readonly Float64Array[] {
  const n = gold.length;
  const columns = [gold, ...systems.map(({ scores }) => scores)];
  const orders = columns.map((values) => Int32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!));
  const generator = rng(seed, "bootstrap");
  const found = systems.map(() => new Float64Array(resamples));
  const counts = new Int32Array(n);
  for (let resample = 0; resample < resamples; resample++) {
    counts.fill(0);
    for (let draw = 0; draw < n; draw++) counts[generator.int(n)]! += 1;
    const values = columns.map((column, c) =>
      measure === "spearman" ? countedRanks(column, orders[c]!, counts) : column,
    );
    found.forEach((own, s) => {
      own[resample] = countedPearson(values[0]!, values[s + 1]!, counts);
    });
  }
  return found;
}

/** Mid-ranks of values that each occur as often as `counts` says. */
function countedRanks(values: Float64Array, order: Int32Array, counts: Int32Array): Float64Array {
  const ranks = new Float64Array(values.length);
  let below = 0;
  for (let start = 0, end = 0; start < order.length; start = end) {
    let equal = 0;
    for (; end < order.length && values[order[end]!] === values[order[start]!]; end++) equal += counts[order[end]!]!;
    for (let i = start; i < end; i++) ranks[order[i]!] = below + (equal + 1) / 2;
    below += equal;
  }
  return ranks;
}

function countedPearson(x: Float64Array, y: Float64Array, counts: Int32Array): number {
  const [x0, y0] = [x[0]!, y[0]!];
  let [sumX, sumY, squaresX, squaresY, products] = [0, 0, 0, 0, 0];
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (count === 0) continue;
    const a = x[i]! - x0;
    const b = y[i]! - y0;
    sumX += count * a;
    sumY += count * b;
    squaresX += count * a * a;
    squaresY += count * b * b;
    products += count * a * b;
  }
  const n = counts.length;
  const scale = Math.sqrt(squaresX - (sumX * sumX) / n) * Math.sqrt(squaresY - (sumY * sumY) / n);
  return (products - (sumX * sumY) / n) / scale;
}

const defined = (values: Float64Array): Float64Array => values.filter(Number.isFinite);

/** Values less their mean, over their standard deviation. */
function standardised(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return values.map((value) => (value - mean) / deviation);
}

/** Two-sided p of the difference of two correlations with g, from random exchanges of a's and b's values of a pair. */
function swappedP(g: Float64Array, a: Float64Array, b: Float64Array, seed: number, resamples: number): number {
  const generator = rng(seed, "randomisation");
  const n = g.length;
  const difference = (swapped: (pair: number) => boolean): number => {
    const counts = new Int32Array(n).fill(1);
    const [x, y] = [new Float64Array(n), new Float64Array(n)];
    for (let pair = 0; pair < n; pair++) {
      const other = swapped(pair);
      x[pair] = other ? b[pair]! : a[pair]!;
      y[pair] = other ? a[pair]! : b[pair]!;
    }
    return countedPearson(g, x, counts) - countedPearson(g, y, counts);
  };
  const bound = Math.abs(difference(() => false)) - 1e-12;
  let hits = 0;
  for (let pattern = 0; pattern < resamples; pattern++) {
    let bits = 0;
    const value = difference((pair) => {
      if (pair % 32 === 0) bits = generator.uint32();
      return ((bits >>> (pair % 32)) & 1) === 1;
    });
    if (!(Math.abs(value) < bound)) hits += 1;
  }
  return (hits + 1) / (resamples + 1);
}
