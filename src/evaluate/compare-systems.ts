import { middle95, resampledMeans } from "./bootstrap.js";
import { benjaminiHochberg, holm } from "./multiple-testing.js";
import { randomisationTests } from "./randomisation.js";
import type { Comparison, SystemKind, SystemResult } from "./results.js";

/** A system with its values: measure → one value a query (or item), in the same order for all systems. */
export interface MeasuredSystem {
  readonly name: string;
  readonly kind: SystemKind;
  readonly fingerprint: string;
  readonly values: ReadonlyMap<string, Float64Array>;
}

/** The systems' means with their intervals, and the first system against each other one. */
export interface ComparedSystems {
  readonly systems: readonly SystemResult[];
  readonly comparisons: readonly Comparison[];
}

/**
 * Means over n ≥ 1 queries with 95 % bootstrap intervals, and Fisher's randomisation test of the first system against each other one by each measure.
 * Intervals and tests are paired: every system and measure sees the same resamples.
 */
export function compareSystems(
  systems: readonly MeasuredSystem[],
  measures: readonly string[],
  { seed, resamples }: { readonly seed: number; readonly resamples: number },
): ComparedSystems {
  // One column a system and measure.
  const columns = systems.flatMap(({ values }) => measures.map((name) => values.get(name)!));
  const bootstrap = resampledMeans(columns, resamples, seed);
  const resampled = (column: number): Float64Array =>
    Float64Array.from({ length: resamples }, (_, row) => bootstrap[row * columns.length + column]!);

  const measured = systems.map(({ name, kind, fingerprint }, system): SystemResult => {
    const means = measures.map((measure, m) => {
      const column = system * measures.length + m;
      const values = columns[column]!;
      return [measure, { mean: mean(values), ...middle95(resampled(column)), n: values.length }] as const;
    });
    return { name, kind, fingerprint, measures: Object.fromEntries(means) };
  });

  // The first system's columns come first: column m against the same measure of each other system.
  const differences = columns
    .slice(measures.length)
    .map((others, i) => others.map((other, query) => columns[i % measures.length]![query]! - other));
  const tests = randomisationTests(differences, seed, resamples);
  const comparisons = differences.map((difference, i): Comparison => {
    const m = i % measures.length;
    const others = resampled(measures.length + i);
    const wins = difference.filter((value) => value > 0).length;
    const losses = difference.filter((value) => value < 0).length;
    return {
      a: systems[0]!.name,
      b: systems[1 + Math.floor(i / measures.length)]!.name,
      measure: measures[m]!,
      difference: mean(difference),
      ...middle95(resampled(m).map((value, row) => value - others[row]!)),
      p: tests[i]!.p,
      test: "randomisation",
      resamples: tests[i]!.resamples,
      wins,
      ties: difference.length - wins - losses,
      losses,
    };
  });
  return { systems: measured, comparisons: withAdjusted(comparisons) };
}

/** Adds adjusted p values where a measure compares several systems. */
export function withAdjusted(comparisons: readonly Comparison[]): readonly Comparison[] {
  const adjusted = new Map<Comparison, Comparison>();
  for (const measure of new Set(comparisons.map((one) => one.measure))) {
    const family = comparisons.filter((one) => one.measure === measure);
    const p = family.map((one) => one.p);
    const [byHolm, byHochberg] = [holm(p), benjaminiHochberg(p)];
    if (family.length > 1)
      family.forEach((one, i) => {
        adjusted.set(one, { ...one, adjusted: { holm: byHolm[i]!, benjaminiHochberg: byHochberg[i]! } });
      });
  }
  return comparisons.map((one) => adjusted.get(one) ?? one);
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
