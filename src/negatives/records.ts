import type { Candidate, ScoredPool } from "../base/types.js";
import type { Drawn } from "./drawing.js";

/** A pool as files hold it: candidates with first-draw probability, times drawn, and the reason where a filter rejected them. */
export interface PoolRecord {
  readonly query: { readonly id: string; readonly text: string };
  readonly positives: ScoredPool["positives"];
  readonly similarity: ScoredPool["similarity"];
  readonly scale: number;
  readonly candidates: readonly RecordedCandidate[];
  readonly round: number;
}

export interface RecordedCandidate {
  readonly id: string;
  readonly score: number;
  readonly rank: number;
  readonly probability: number;
  /** Times drawn in this round. */
  readonly drawn: number;
  readonly rejected: NonNullable<Candidate["rejected"]> | null;
}

export function toRecord({ pool, probabilities, negatives }: Drawn): PoolRecord {
  const times = new Map<string, number>();
  for (const { id } of negatives) times.set(id, (times.get(id) ?? 0) + 1);
  return {
    query: { id: pool.query.id, text: pool.query.text },
    positives: pool.positives.map(({ id, score, rank }) => ({ id, score, rank })),
    similarity: pool.similarity,
    scale: pool.scale,
    candidates: pool.candidates.map(({ id, score, rank, rejected = null }, i) => ({
      id,
      score,
      rank,
      probability: probabilities[i] as number,
      drawn: times.get(id) ?? 0,
      rejected,
    })),
    round: pool.round,
  };
}

/** The filtered pool of a record, to draw from it again. */
export function poolOfRecord({ candidates, ...rest }: PoolRecord): ScoredPool {
  return {
    ...rest,
    candidates: candidates.map(({ id, score, rank, rejected }) => ({ id, score, rank, rejected })),
  };
}

/** Ids of the negatives of a record, best first, each as often as it was drawn. */
export function drawnIds({ candidates }: PoolRecord): string[] {
  return candidates.flatMap(({ id, drawn }) => Array.from({ length: drawn }, () => id));
}
