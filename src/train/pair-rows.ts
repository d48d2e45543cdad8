import { setImmediate } from "node:timers/promises";
import { inputError } from "../base/errors.js";
import type { RetrievalData } from "../base/types.js";
import { batchSampler } from "../data/batches.js";
import { type KnownPositives, type TrainingRow, trainingRows } from "../data/rows.js";
import type { NegativeScope } from "../losses/types.js";
import { type BatchLayout, layOutBatch } from "./batch.js";
import type { TrainConfig } from "./config.js";
import { endless, type Sequenced } from "./endless.js";

/** The negatives in force: for the row's visit in this epoch, ids of documents. */
export type DrawnNegatives = (row: TrainingRow, epoch: number) => readonly string[];

export interface PairBatches extends Sequenced<readonly TrainingRow[]> {
  /** Rows that no batch of the first epoch took. */
  readonly leftOut: number;
  /** The share of rows whose positive a document is, at least one row's: how probable it is as a column of a batch. */
  readonly share: (documentId: string) => number;
}

/**
 * Batches of the rows of a split. `length`, where there is one, is what grouping by it saves padding with. Throws `too-few-rows`, and
 * `no-batches` where no two rows can stand together.
 */
export function pairBatches(
  data: RetrievalData,
  split: string,
  knownPositives: KnownPositives,
  { batchSize, seed, allowDuplicates }: TrainConfig,
  length: ((row: TrainingRow) => number) | null,
): PairBatches {
  const rows = trainingRows(data, split);
  if (rows.length < 2) {
    throw inputError("too-few-rows", "training needs at least two pairs of a query and a relevant document", {
      file: data.source,
      found: `${rows.length} in the split ${split}`,
    });
  }
  const lengths = length === null ? {} : { lengths: rows.map(length) };
  const make = (epoch: number) =>
    batchSampler({ rows, batchSize, seed, epoch, allowDuplicates, knownPositives, ...lengths });
  const first = make(0);
  if (first.batches.length === 0) {
    throw inputError("no-batches", "no two rows can stand in one batch: all share a query or a document", {
      file: data.source,
      hint: "give pairs with different documents, or allow duplicates in a batch",
    });
  }
  const counts = new Map<string, number>();
  for (const { positiveId } of rows) counts.set(positiveId, (counts.get(positiveId) ?? 0) + 1);
  return {
    share: (documentId) => (counts.get(documentId) ?? 1) / rows.length,
    ...endless((epoch) => (epoch === 0 ? first : make(epoch)).batches),
    leftOut: first.leftOut.length,
  };
}

/** A batch with the negatives that came with its rows and those drawn for them; `share` as `PairBatches` has it. */
export function layOutRows(
  rows: readonly TrainingRow[],
  epoch: number,
  drawn: DrawnNegatives | null,
  known: KnownPositives,
  scope: NegativeScope,
  share: (documentId: string) => number,
): BatchLayout {
  const negatives = (row: TrainingRow) => [...(row.negativeIds ?? []), ...(drawn?.(row, epoch) ?? [])];
  const some = rows.some((row) => negatives(row).length > 0);
  return layOutBatch(rows, negatives, known, some ? scope : "batch", share);
}

/** Calls for each item, and lets the event loop go on after every few: tokenising a large batch takes long. */
export async function inTurns<T>(items: readonly T[], visit: (item: T) => void): Promise<void> {
  for (const [i, item] of items.entries()) {
    visit(item);
    if (i % 64 === 63) await setImmediate();
  }
}
