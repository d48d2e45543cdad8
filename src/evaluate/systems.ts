import { inputError } from "../base/errors.js";
import { canonicalText } from "../base/text.js";
import type { Hits, RetrievalData, Split } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type Interval, middle95, resampledMeans } from "./bootstrap.js";
import { type Measure, parseMeasures } from "./measures.js";
import { judgedQueries, type PerQueryOptions, perQuery } from "./per-query.js";
import { randomisationTests } from "./randomisation.js";

export type SystemKind = "model" | "bm25" | "tf-idf" | "untrained" | "fusion" | "run";

/** What one system found: hits by query id; a query that is missing counts 0. */
export interface SystemHits {
  readonly name: string;
  readonly kind: SystemKind;
  readonly fingerprint: string;
  readonly hits: ReadonlyMap<string, Hits>;
}

export interface EvaluationOptions extends PerQueryOptions {
  readonly data: RetrievalData;
  readonly split: string;
  /** The system asked for comes first; the others are compared with it. */
  readonly systems: readonly SystemHits[];
  readonly measures?: readonly Measure[];
  readonly seed?: number;
  /** Of the bootstrap and of the randomisation test. */
  readonly resamples?: number;
  readonly warnings?: Warnings;
}

/** A mean over n queries with its 95 % bootstrap interval. */
export interface MeasuredMean extends Interval {
  readonly mean: number;
  readonly n: number;
}

export interface SystemResult {
  readonly name: string;
  readonly kind: SystemKind;
  readonly fingerprint: string;
  readonly measures: Readonly<Record<string, MeasuredMean>>;
}

/** System a against b by one measure: `difference` = mean(a) − mean(b) with its 95 % interval; a wins where its value is larger. */
export interface Comparison extends Interval {
  readonly a: string;
  readonly b: string;
  readonly measure: string;
  readonly difference: number;
  readonly p: number;
  readonly test: "randomisation";
  readonly resamples: number;
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
}

/** The `result` of `nearmiss eval`. */
export interface EvaluationResult {
  readonly data: {
    readonly fingerprint: string;
    readonly split: string;
    readonly queries: number;
    readonly documents: number;
  };
  readonly systems: readonly SystemResult[];
  readonly comparisons: readonly Comparison[];
}

export interface Evaluation {
  readonly result: EvaluationResult;
  /** The queries that the means run over. */
  readonly queries: readonly string[];
  /** One entry a system: measure name → values in the order of `queries`. */
  readonly values: readonly ReadonlyMap<string, Float64Array>[];
}

export const defaultMeasures: readonly Measure[] = parseMeasures("ndcg@10,mrr@10,recall@10,recall@100,hit@1,map@100");

/**
 * Measures systems on the queries of a split that have a relevant document and compares the first system with each other one. Intervals
 * and tests are paired: every system and measure sees the same resamples. Throws when the split is missing or has no such query.
 */
export function evaluateSystems(options: EvaluationOptions): Evaluation {
  const { data, systems, measures = defaultMeasures, seed = 1, resamples = 10_000 } = options;
  const split = splitOf(data, options.split);
  const queries = judgedQueries(split);
  if (queries.length === 0)
    throw inputError("no-judgements", "no query of the split has a relevant document", {
      file: data.source,
      field: "split",
      found: split.name,
    });
  if (options.keepSelf !== true) warnOfSharedIds(options, queries);
  const values = systems.map(({ hits }) => perQuery(hits, split, queries, measures, options));
  // One column a system and measure.
  const columns = values.flatMap((ofSystem) => measures.map(({ name }) => ofSystem.get(name)!));
  const bootstrap = resampledMeans(columns, resamples, seed);
  const resampled = (column: number): Float64Array =>
    Float64Array.from({ length: resamples }, (_, row) => bootstrap[row * columns.length + column]!);

  const measured = systems.map(({ name, kind, fingerprint }, system): SystemResult => {
    const means = measures.map((measure, m) => {
      const column = system * measures.length + m;
      return [
        measure.name,
        { mean: mean(columns[column]!), ...middle95(resampled(column)), n: queries.length },
      ] as const;
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
      measure: measures[m]!.name,
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
  const about = {
    fingerprint: data.fingerprint,
    split: split.name,
    queries: queries.length,
    documents: data.documents.size,
  };
  return { result: { data: about, systems: measured, comparisons }, queries, values };
}

/** Leaving out a document with the query's id is right where the two are the same text; elsewhere the ids may be equal by chance. */
function warnOfSharedIds({ data, warnings }: EvaluationOptions, queries: readonly string[]): void {
  const shared = queries.filter((id) => {
    const query = data.queries.get(id);
    const document = data.documents.get(id);
    if (query === undefined || document === undefined) return false;
    return canonicalText(query.text) !== canonicalText(document.text);
  });
  if (shared.length > 0)
    warnings?.add(
      "shared-ids",
      "documents with a query's id but another text are left out of its results; keep them with --keep-self",
      shared.length,
    );
}

function splitOf(data: RetrievalData, name: string): Split {
  const split = data.splits.get(name);
  if (split !== undefined) return split;
  throw inputError("unknown-split", "the data have no such split", {
    file: data.source,
    field: "split",
    found: name,
    expected: [...data.splits.keys()].join(", "),
  });
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
