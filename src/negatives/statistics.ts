import { meanAndDeviation } from "./deviation.js";
import type { Drawn } from "./drawing.js";

/** Of some scores; null where there are none. `std` is the population standard deviation. */
export type ScoreSummary = {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
} | null;

/** What mining found, as commands print it. */
export interface MiningSummary {
  readonly queries: number;
  /** Queries for which fewer negatives than asked for could be drawn. */
  readonly short: number;
  /** Candidates that each filter rejected. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly scores: { readonly positive: ScoreSummary; readonly negative: ScoreSummary };
}

/** Counts over the queries that are shown to it. */
export function countMining(): { add(drawn: Drawn): void; summary(): MiningSummary } {
  let queries = 0;
  let short = 0;
  const rejected = new Map<string, number>();
  const positives: number[] = [];
  const negatives: number[] = [];
  return {
    add(drawn) {
      queries += 1;
      if (drawn.short) short += 1;
      for (const candidate of drawn.pool.candidates) {
        const filter = candidate.rejected?.filter;
        if (filter !== undefined) rejected.set(filter, (rejected.get(filter) ?? 0) + 1);
      }
      for (const { score } of drawn.pool.positives) positives.push(score);
      for (const { score } of drawn.negatives) negatives.push(score);
    },
    summary: () => ({
      queries,
      short,
      rejected: Object.fromEntries(rejected),
      scores: { positive: summarize(positives), negative: summarize(negatives) },
    }),
  };
}

/** Mean, deviation and bounds; null of nothing. */
export function summarize(scores: readonly number[]): ScoreSummary {
  if (scores.length === 0) return null;
  const { mean, deviation } = meanAndDeviation(scores);
  return {
    mean,
    std: deviation,
    min: scores.reduce((a, b) => Math.min(a, b)),
    max: scores.reduce((a, b) => Math.max(a, b)),
  };
}
