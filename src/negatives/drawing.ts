import { inputError } from "../base/errors.js";
import { rng } from "../base/rng.js";
import type { Candidate, Negative, ScoredPool } from "../base/types.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { checkNumber } from "./check.js";
import { effectiveNumber } from "./draw.js";
import { applyFilters, type Filter } from "./filter.js";
import { isEligible, type Sampler } from "./sampler.js";
import { applyShortPolicy, type ShortPolicy } from "./short.js";

/** A pool after the filters, with what was drawn from it. */
export interface Drawn {
  readonly pool: ScoredPool;
  /** First-draw probability of each candidate of the pool. */
  readonly probabilities: Float64Array;
  /** In the order of drawing; an id stands twice only where a short pool is repeated. */
  readonly negatives: readonly Negative[];
  /** Fewer than asked for could be drawn, whatever the policy then did. */
  readonly short: boolean;
  /** The policy `skip` leaves this query out: it has no negatives and no line in a file. */
  readonly skipped: boolean;
}

/** Finds candidates outside a pool to fill it up; see `corpusFiller`. */
export type Filler = (pool: ScoredPool, missing: number) => Promise<readonly Candidate[]>;

export interface DrawOptions {
  /** Negatives a query. */
  readonly count: number;
  readonly seed: number;
  readonly short: ShortPolicy;
  /** Needed by the policy `fill`. */
  readonly fill?: Filler;
  readonly warnings?: Warnings;
}

/** Above this share of the candidates, the effective number of a score-weighted distribution counts as flat. */
const FLAT = 0.95;

/**
 * Draws from one filtered pool. The generator is a function of seed, round, query and visit, so a draw does not depend on what other queries
 * drew. `visit` counts the draws for the same query in the same round, from 0.
 */
export function drawFromPool(
  pool: ScoredPool,
  sampler: Sampler,
  { count, seed, visit = 0 }: { readonly count: number; readonly seed: number; readonly visit?: number },
): Negative[] {
  const path = visit === 0 ? [] : [visit];
  return sampler.sample(pool, count, rng(seed, "negatives", pool.round, pool.query.id, ...path));
}

/**
 * Filters each pool and draws from it, in the order of the pools. Queries that the policy `skip` leaves out are still given, as `skipped`.
 * Warns, counted, of short pools and of score-weighted distributions that are nearly flat.
 */
export async function* drawNegatives(
  pools: AsyncIterable<ScoredPool> | Iterable<ScoredPool>,
  sampler: Sampler,
  filters: readonly Filter[],
  options: DrawOptions,
): AsyncGenerator<Drawn> {
  const { count, short, warnings = collectWarnings() } = options;
  checkNumber("count", count, { least: 1, integer: true });
  const fill = short === "fill" ? options.fill : undefined;
  if (short === "fill" && fill === undefined)
    throw inputError("no-filler", "the policy fill needs a corpus to draw from");
  for await (const unfiltered of pools) {
    const pool = applyFilters(unfiltered, filters);
    const probabilities = sampler.probabilities(pool);
    if (sampler.weighted && isFlat(probabilities, pool)) {
      warnings.add(
        "flat-distribution",
        `${sampler.name} is close to uniform over its pool: scores hardly matter at these parameters`,
      );
    }
    const drawn = drawFromPool(pool, sampler, options);
    const isShort = drawn.length < count;
    if (isShort) {
      warnings.add("short-pool", `fewer than ${count} negatives could be drawn for a query (policy: ${short})`);
    }
    const negatives = applyShortPolicy(drawn, count, short, pool.query.id);
    const result = { pool, probabilities, negatives, short: isShort, skipped: isShort && short === "skip" };
    yield isShort && fill !== undefined ? filled(result, await fill(pool, count - negatives.length)) : result;
  }
}

/** The pool with more candidates behind those it had; they could not be drawn from it, so their probability is 0. */
function filled(drawn: Drawn, more: readonly Candidate[]): Drawn {
  const probabilities = new Float64Array(drawn.probabilities.length + more.length);
  probabilities.set(drawn.probabilities);
  return {
    ...drawn,
    pool: { ...drawn.pool, candidates: [...drawn.pool.candidates, ...more] },
    probabilities,
    negatives: [...drawn.negatives, ...more.map(({ id, score, rank }) => ({ id, score, rank, probability: 0 }))],
  };
}

function isFlat(probabilities: Float64Array, pool: ScoredPool): boolean {
  const eligible = pool.candidates.filter(isEligible).length;
  return eligible > 1 && effectiveNumber(probabilities) > FLAT * eligible;
}
