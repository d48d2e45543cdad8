import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { writeStreamAtomic } from "../base/files.js";
import type { Drawn } from "../negatives/drawing.js";
import { drawFromPool } from "../negatives/drawing.js";
import { type MineOptions, mine } from "../negatives/mine.js";
import { type PoolRecord, poolOfRecord, toRecord } from "../negatives/records.js";
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
    const further = visits(epochs).slice(1);
    const negatives = [
      ...one.negatives,
      ...further.flatMap((visit) =>
        drawFromPool(one.pool, options.sampler, { count: options.count, seed: options.seed, visit }),
      ),
    ];
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
  for await (const line of createInterface({
    input: createReadStream(file).pipe(createGunzip()),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    const record = JSON.parse(line) as PoolRecord;
    const pool = poolOfRecord(record);
    drawn.set(
      record.query.id,
      visits(epochs).map((visit) => drawFromPool(pool, sampler, { count, seed, visit }).map((negative) => negative.id)),
    );
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

function visits({ first, last }: RoundEpochs): number[] {
  return Array.from({ length: last - first + 1 }, (_, visit) => visit);
}
