import { inputError } from "../base/errors.js";
import type { Hits, RetrievalData, Split } from "../base/types.js";
import { gainsOf, type Measure, valueOf } from "./measures.js";

/** The queries of a split that have a relevant document, in the order of the file: the means run over these. */
export function judgedQueries(split: Split): readonly string[] {
  return [...split.judgements]
    .filter(([, judgements]) => [...judgements.values()].some((grade) => grade > 0))
    .map(([query]) => query);
}

/**
 * The queries that measures run over: those with a relevant document; where only answers are asked for, those with answers.
 */
export function measuredQueries(data: RetrievalData, split: Split, measures: readonly Measure[]): readonly string[] {
  const { answers } = data;
  if (answers === undefined || !measures.every(({ kind }) => kind === "answer-recall")) return judgedQueries(split);
  return [...split.judgements.keys()].filter((query) => answers.has(query));
}

export interface PerQueryOptions {
  /** Whether a document with the query's own id may be among its results. */
  readonly keepSelf?: boolean;
  /** Whether a document holds an answer of a query; needed for `answer-recall`. */
  readonly holdsAnswer?: (query: string, document: string) => boolean;
}

/**
 * The values of each measure, one a query of `queries`. A query that `hits` lacks counts 0. Search one document deeper than the largest
 * cut-off where queries are documents too: the query itself is left out of its results unless `keepSelf`.
 */
export function perQuery(
  hits: ReadonlyMap<string, Hits>,
  split: Split,
  queries: readonly string[],
  measures: readonly Measure[],
  { keepSelf = false, holdsAnswer }: PerQueryOptions = {},
): ReadonlyMap<string, Float64Array> {
  const values = new Map(measures.map(({ name }) => [name, new Float64Array(queries.length)]));
  const depth = Math.max(0, ...measures.map(({ k }) => k));
  const answerDepth = Math.max(0, ...measures.map(({ kind, k }) => (kind === "answer-recall" ? k : 0)));
  if (answerDepth > 0 && holdsAnswer === undefined)
    throw inputError("bad-usage", "answer-recall can be measured by evaluations only", { field: "metric" });
  queries.forEach((query, row) => {
    const ids = hits.get(query)?.ids ?? [];
    const others = keepSelf || !ids.includes(query) ? ids : ids.filter((id) => id !== query);
    const judged = gainsOf(others, split.judgements.get(query) ?? new Map(), depth);
    const first = others.slice(0, answerDepth).findIndex((id) => holdsAnswer?.(query, id) === true);
    const gains = { ...judged, answered: first < 0 ? Number.POSITIVE_INFINITY : first };
    for (const measure of measures) values.get(measure.name)![row] = valueOf(measure, gains);
  });
  return values;
}
