import { fingerprint } from "../base/fingerprint.js";
import { type PoolRecord, poolRecord } from "./records.js";

/** What one round of negatives looks like over all queries. */
export interface RoundSummary {
  readonly name: string;
  readonly queries: number;
  readonly candidates: number;
  readonly drawn: number;
  /** Filter → candidates that it rejected. */
  readonly rejected: ReadonlyMap<string, number>;
  readonly similarity: string;
  /** Scores of the positives and, as often as they were drawn, of the negatives. */
  readonly positiveScores: readonly number[];
  readonly negativeScores: readonly number[];
  /** Mean over the queries of the probability of the candidate at rank i + 1, and of the draws there. */
  readonly probabilityByRank: readonly number[];
  readonly drawnByRank: readonly number[];
  /** A few queries with their pools: an arbitrary choice that is the same every time. */
  readonly examples: readonly PoolRecord[];
}

const shownQueries = 6;

/** Reads the pools of a round one at a time; only sums and the shown examples are kept. Throws on a damaged line. */
export async function summariseRound(name: string, lines: AsyncIterable<string>): Promise<RoundSummary> {
  let queries = 0;
  let candidates = 0;
  let drawn = 0;
  let similarity = "";
  const rejected = new Map<string, number>();
  const positiveScores: number[] = [];
  const negativeScores: number[] = [];
  const probabilities: number[] = [];
  const draws: number[] = [];
  let examples: { readonly key: string; readonly pool: PoolRecord }[] = [];
  for await (const line of lines) {
    if (line.trim() === "") continue;
    const pool = poolRecord.parse(JSON.parse(line));
    queries++;
    similarity = pool.similarity;
    candidates += pool.candidates.length;
    for (const { score } of pool.positives) positiveScores.push(score);
    for (const candidate of pool.candidates) {
      const at = candidate.rank - 1;
      drawn += candidate.drawn;
      probabilities[at] = (probabilities[at] ?? 0) + candidate.probability;
      draws[at] = (draws[at] ?? 0) + candidate.drawn;
      for (let i = 0; i < candidate.drawn; i++) negativeScores.push(candidate.score);
      if (candidate.rejected)
        rejected.set(candidate.rejected.filter, (rejected.get(candidate.rejected.filter) ?? 0) + 1);
    }
    examples.push({ key: exampleKey(pool), pool });
    if (examples.length > 4 * shownQueries) examples = firstByKey(examples);
  }
  const mean = (sums: readonly number[]): number[] => Array.from(sums, (sum) => (sum ?? 0) / Math.max(1, queries));
  return {
    name,
    queries,
    candidates,
    drawn,
    rejected,
    similarity,
    positiveScores,
    negativeScores,
    probabilityByRank: mean(probabilities),
    drawnByRank: mean(draws),
    examples: firstByKey(examples).map(({ pool }) => pool),
  };
}

/** Pools where a threshold rejected something come first, since they show the most; then by a hash of the query's id. */
function exampleKey(pool: PoolRecord): string {
  const telling = pool.candidates.some(
    ({ rejected }) => rejected?.threshold !== undefined && rejected?.threshold !== null,
  );
  return `${telling ? 0 : 1}${fingerprint(pool.query.id)}`;
}

function firstByKey<T extends { readonly key: string }>(examples: readonly T[]): T[] {
  return [...examples].sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, shownQueries);
}
