import type { Hits, Split } from "../base/types.js";
import { gainsOf, type Measure, valueOf } from "./measures.js";

/** The queries of a split that have a relevant document, in the order of the file: the means run over these. */
export function judgedQueries(split: Split): readonly string[] {
  return [...split.judgements]
    .filter(([, judgements]) => [...judgements.values()].some((grade) => grade > 0))
    .map(([query]) => query);
}

export interface PerQueryOptions {
  /** Whether a document with the query's own id may be among its results. */
  readonly keepSelf?: boolean;
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
  { keepSelf = false }: PerQueryOptions = {},
): ReadonlyMap<string, Float64Array> {
  const values = new Map(measures.map(({ name }) => [name, new Float64Array(queries.length)]));
  const depth = Math.max(0, ...measures.map(({ k }) => k));
  queries.forEach((query, row) => {
    const ids = hits.get(query)?.ids ?? [];
    const others = keepSelf || !ids.includes(query) ? ids : ids.filter((id) => id !== query);
    const gains = gainsOf(others, split.judgements.get(query) ?? new Map(), depth);
    for (const measure of measures) values.get(measure.name)![row] = valueOf(measure, gains);
  });
  return values;
}
