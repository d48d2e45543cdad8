import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeStreamAtomic } from "../base/files.js";
import { fileSource, readLines } from "../data/lines.js";
import type { Drawn } from "../negatives/drawing.js";
import { drawFromPool } from "../negatives/drawing.js";
import { type MineOptions, mine } from "../negatives/mine.js";
import { drawnIds, type PoolRecord, poolOfRecord, toRecord } from "../negatives/records.js";
import type { Sampler } from "../negatives/sampler.js";
import type { DrawnNegatives } from "./trainer.js";

/** The negatives of one round of training: what was drawn for each query on each of its visits. */
export interface Round {
  readonly drawn: DrawnNegatives;
  readonly queries: number;
  readonly count: number;
  /** Candidates that each filter rejected. */
  readonly rejected: Readonly<Record<string, number>>;
}

/** Epochs that a round covers: a query is visited once in each. */
export interface RoundEpochs {
  readonly first: number;
  readonly last: number;
}

export function roundFile(run: string, round: number): string {
  return join(run, "negatives", `round-${String(round).padStart(4, "0")}.jsonl.gz`);
}

/**
 * Builds the pools of a round, writes them whole to `file` and returns the draws. A file that is there already is of the same
 * weights, since a round follows from its checkpoint: it is read instead.
 */
export async function openRound(file: string, options: MineOptions, epochs: RoundEpochs): Promise<Round> {
  if (!existsSync(file)) {
    await writeStreamAtomic(file, recordLines(mine(options), options, epochs));
  }
  return readRound(file, options.sampler, options, epochs);
}

async function* recordLines(
  drawn: AsyncIterable<Drawn>,
  options: MineOptions,
  epochs: RoundEpochs,
): AsyncGenerator<string> {
  for await (const one of drawn) {
    if (one.skipped) continue;
    // All that a short pool has is drawn on every visit, and what filled it up with it.
    const negatives = visits(epochs).flatMap((visit) =>
      visit === 0 || one.short ? one.negatives : drawFromPool(one.pool, options.sampler, { ...options, visit }),
    );
    yield `${JSON.stringify(toRecord({ ...one, negatives }))}\n`;
  }
}

async function readRound(
  file: string,
  sampler: Sampler,
  { count, seed }: Pick<MineOptions, "count" | "seed">,
  epochs: RoundEpochs,
): Promise<Round> {
  const drawn = new Map<string, readonly (readonly string[])[]>();
  const rejected = new Map<string, number>();
  let total = 0;
  for await (const { text } of readLines(fileSource(file))) {
    const record = JSON.parse(text) as PoolRecord;
    drawn.set(record.query.id, drawsOf(record, sampler, { count, seed }, visits(epochs)));
    for (const candidate of record.candidates) {
      total += candidate.drawn;
      if (candidate.rejected !== null)
        rejected.set(candidate.rejected.filter, (rejected.get(candidate.rejected.filter) ?? 0) + 1);
    }
  }
  return {
    drawn: (row, epoch) => drawn.get(row.queryId)?.[epoch - epochs.first] ?? [],
    queries: drawn.size,
    count: total,
    rejected: Object.fromEntries([...rejected].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** The draws of each visit, as the record counts them. */
function drawsOf(
  record: PoolRecord,
  sampler: Sampler,
  how: Pick<MineOptions, "count" | "seed">,
  visits: readonly number[],
): readonly (readonly string[])[] {
  const always = [...new Set(drawnIds(record))];
  // Drawn on each visit: also where a short pool was filled up with candidates that the sampler did not choose from.
  if (always.length <= how.count && record.candidates.every(({ drawn }) => drawn === 0 || drawn === visits.length))
    return visits.map(() => always);
  const pool = poolOfRecord(record);
  return visits.map((visit) => drawFromPool(pool, sampler, { ...how, visit }).map(({ id }) => id));
}

function visits({ first, last }: RoundEpochs): number[] {
  return Array.from({ length: last - first + 1 }, (_, visit) => visit);
}
