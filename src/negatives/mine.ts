import type { TextItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type Drawn, drawNegatives } from "./drawing.js";
import { corpusFiller } from "./filler.js";
import type { Filter } from "./filter.js";
import { equalText } from "./filters/equal-text.js";
import { knownPositives } from "./filters/known-positives.js";
import type { StandingFilter } from "./parse-filter.js";
import { buildPools, documentOf, type PoolRequest } from "./pools.js";
import type { Sampler } from "./sampler.js";
import type { ShortPolicy } from "./short.js";

export interface MineOptions extends PoolRequest {
  readonly sampler: Sampler;
  /** Applied after the standing filters, in this order. */
  readonly filters: readonly Filter[];
  /** Standing filters that are turned off. */
  readonly without?: readonly StandingFilter[];
  readonly count: number;
  readonly short: ShortPolicy;
  readonly warnings?: Warnings;
}

/** Known positives and equal texts, unless turned off, then the filters that were asked for. */
export function allFilters(
  documents: ReadonlyMap<string, TextItem>,
  filters: readonly Filter[],
  without: readonly StandingFilter[] = [],
): Filter[] {
  const standing: Record<StandingFilter, () => Filter> = {
    "known-positives": knownPositives,
    "equal-text": () => equalText((id) => documentOf(documents, id).text),
  };
  const on = (Object.keys(standing) as StandingFilter[]).filter((name) => !without.includes(name));
  return [...on.map((name) => standing[name]()), ...filters];
}

/** Builds the pools that the sampler wants, filters them and draws: the whole of mining, one query after another. */
export function mine(options: MineOptions): AsyncGenerator<Drawn> {
  const filters = allFilters(options.data.documents, options.filters, options.without);
  return drawNegatives(buildPools(options, options.sampler.pool), options.sampler, filters, {
    ...options,
    fill: corpusFiller(options, filters),
  });
}
