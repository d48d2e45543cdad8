import { inputError } from "../base/errors.js";
import { canonicalText } from "../base/text.js";
import type { Hits, RetrievalData, Split } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { answerFinder } from "./answers.js";
import { compareSystems } from "./compare-systems.js";
import { type Measure, parseMeasures } from "./measures.js";
import { measuredQueries, type PerQueryOptions, perQuery } from "./per-query.js";
import type { EvaluationResult, SystemKind } from "./results.js";

export type { Comparison, EvaluationResult, MeasuredMean, SystemKind, SystemResult } from "./results.js";

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
  const queries = measuredQueries(data, split, measures);
  if (queries.length === 0)
    throw inputError("no-judgements", "no query of the split has a relevant document", {
      file: data.source,
      field: "split",
      found: split.name,
    });
  if (options.keepSelf !== true) warnOfSharedIds(options, queries);
  const asked = { ...options, holdsAnswer: answerFinder(data) };
  const values = systems.map(({ hits }) => perQuery(hits, split, queries, measures, asked));
  const named = systems.map(({ name, kind, fingerprint }, system) => ({
    name,
    kind,
    fingerprint,
    values: values[system]!,
  }));
  const names = measures.map(({ name }) => name);
  const about = {
    fingerprint: data.fingerprint,
    split: split.name,
    queries: queries.length,
    documents: data.documents.size,
  };
  return { result: { data: about, ...compareSystems(named, names, { seed, resamples }) }, queries, values };
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
