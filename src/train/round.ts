import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeStreamAtomic } from "../base/files.js";
import { fileSource, readLines } from "../data/lines.js";
import { drawFromPool } from "../negatives/drawing.js";
import { type MineOptions, mine } from "../negatives/mine.js";
import { type PoolRecord, poolOfRecord, toRecord } from "../negatives/records.js";
import type { DrawnNegatives } from "./pair-rows.js";
import type { Round, RoundEpochs } from "./task.js";

/** The file of a round: `round-…` holds pools of queries, `mined-…` triplets of labelled items. */
export function roundFile(run: string, round: number, kind: "round" | "mined" = "round"): string {
  return join(run, "negatives", `${kind}-${String(round).padStart(4, "0")}.jsonl.gz`);
}

/**
 * Builds the pools of a round, writes them whole to `file` (null: nowhere) and returns the draws. A file that is there already
 * is of the same weights, since a round follows from its checkpoint: it is read instead, and gives the same draws.
 */
export async function openRound(
  file: string | null,
  options: MineOptions,
  epochs: RoundEpochs,
): Promise<Round<DrawnNegatives>> {
  const drawn = new Map<string, readonly (readonly string[])[]>();
  const rejected = new Map<string, number>();
  let count = 0;
  const take = (record: PoolRecord, visits: readonly (readonly string[])[]): void => {
    drawn.set(record.query.id, visits);
    for (const candidate of record.candidates) {
      count += candidate.drawn;
      if (candidate.rejected === null) continue;
      rejected.set(candidate.rejected.filter, (rejected.get(candidate.rejected.filter) ?? 0) + 1);
    }
  };
  const visits = epochs.last - epochs.first + 1;
  if (file !== null && existsSync(file)) {
    for await (const record of readRecords(file)) take(record, visitDraws(record, options, visits));
  } else {
    const records = freshRecords(options, visits, take);
    if (file !== null) await writeStreamAtomic(file, lines(records));
    else for await (const _ of records);
  }
  return {
    drawn: (row, epoch) => drawn.get(row.queryId)?.[epoch - epochs.first] ?? [],
    queries: drawn.size,
    count,
    rejected: Object.fromEntries([...rejected].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

async function* freshRecords(
  options: MineOptions,
  visits: number,
  take: (record: PoolRecord, visits: readonly (readonly string[])[]) => void,
): AsyncGenerator<PoolRecord> {
  for await (const one of mine(options)) {
    if (one.skipped) continue;
    const first = toRecord(one);
    const draws = visitDraws(first, options, visits);
    const times = new Map<string, number>();
    for (const id of draws.flat()) times.set(id, (times.get(id) ?? 0) + 1);
    const candidates = first.candidates.map((candidate) => ({ ...candidate, drawn: times.get(candidate.id) ?? 0 }));
    const record = { ...first, candidates };
    take(record, draws);
    yield record;
  }
}

/**
 * The draws for each visit of a query: a function of the record alone, so that a resumed run draws the same. What the policy `fill` added
 * to a short pool (it has no probability, yet was drawn) fills every visit up.
 */
function visitDraws(
  record: PoolRecord,
  { sampler, count, seed }: MineOptions,
  visits: number,
): readonly (readonly string[])[] {
  const pool = poolOfRecord(record);
  return Array.from({ length: visits }, (_, visit) => {
    const ids = drawFromPool(pool, sampler, { count, seed, visit }).map((negative) => negative.id);
    if (ids.length >= count) return ids;
    const own = new Set(ids);
    const added = record.candidates.filter(
      ({ id, probability, drawn }) => probability === 0 && drawn > 0 && !own.has(id),
    );
    return [...ids, ...added.map(({ id }) => id)].slice(0, count);
  });
}

async function* lines(records: AsyncIterable<PoolRecord>): AsyncGenerator<string> {
  for await (const record of records) yield `${JSON.stringify(record)}\n`;
}

async function* readRecords(file: string): AsyncGenerator<PoolRecord> {
  for await (const { text } of readLines(fileSource(file))) yield JSON.parse(text) as PoolRecord;
}
