import { chunks } from "../base/chunks.js";
import { inputError } from "../base/errors.js";
import { type Rng, rng, shuffle } from "../base/rng.js";
import type { KnownPositives, TrainingRow } from "./rows.js";

/** How to cut one epoch into batches. */
export interface BatchOptions<Row extends TrainingRow> {
  readonly rows: readonly Row[];
  readonly knownPositives: KnownPositives;
  /** Rows a batch, at least 1. */
  readonly batchSize: number;
  readonly seed: number;
  /** Counted from 0; each has an order of its own. */
  readonly epoch: number;
  /** Lets rows stand together that share documents or are positives of each other. */
  readonly allowDuplicates?: boolean;
  /** Tokens of each row, all its texts together: rows of similar length then come into the same batch. */
  readonly lengths?: readonly number[];
}

/** The batches of one epoch, and the rows that no batch took. */
export interface Epoch<Row extends TrainingRow> {
  readonly batches: readonly (readonly Row[])[];
  readonly leftOut: readonly Row[];
}

/** Rows are sorted by length inside runs of this many batches, so that length and order stay nearly independent. */
const batchesPerLengthGroup = 64;

/** How many rows that do not fit are looked at for each place of a batch: keeps the time linear when conflicts are dense. */
const triesPerPlace = 16;

/**
 * The batches of an epoch, a function of rows, options, seed and epoch alone: to resume at position n, make them again and skip n.
 *
 * No two rows of a batch have the same query, share a document (positives and negatives alike), or hold a known positive of each other's query, unless
 * `allowDuplicates`. A row that does not fit waits for a later batch. A batch stays short when no remaining row fits (or, with many
 * conflicts, none was found among the next `triesPerPlace` · `batchSize` rows). The first short batch is kept if it has two rows (one where `batchSize` is 1). Later
 * ones hold rows that conflict with many others, such as those of one stock answer; they are kept if they are at least half as large as the largest
 * batch, since a handful of in-batch negatives would make a bad step. All other rows are in `leftOut`: different ones in each epoch.
 * With `lengths` the order of the batches is drawn too, else short batches come last.
 */
export function batchSampler<Row extends TrainingRow>(options: BatchOptions<Row>): Epoch<Row> {
  const { rows, batchSize, seed, epoch } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw inputError("bad-usage", "a batch has at least one row", { field: "batchSize", found: String(batchSize) });
  }
  const generator = rng(seed, "batches", epoch);
  const order = rowOrder(options, generator);
  const all = options.allowDuplicates === true ? chunks(order, batchSize) : compatibleBatches(order, options);
  const worth = worthwhile(all, batchSize);
  const kept = all.filter(worth);
  if (options.lengths !== undefined) shuffle(kept, generator);
  const take = (batch: readonly number[]) => batch.map((row) => rows[row] as Row);
  return { batches: kept.map(take), leftOut: take(all.filter((batch) => !worth(batch)).flat()) };
}

function worthwhile(batches: readonly (readonly number[])[], batchSize: number) {
  const firstShort = batches.find((batch) => batch.length < batchSize);
  const largest = batches.reduce((size, batch) => Math.max(size, batch.length), 0);
  return (batch: readonly number[]) =>
    batch.length >= Math.min(2, batchSize) && (batch === firstShort || batch.length * 2 >= largest);
}

/** All rows in random order; with lengths, sorted by length inside groups of many batches (longest first, ties by the random order). */
function rowOrder({ rows, batchSize, lengths }: BatchOptions<TrainingRow>, generator: Rng): readonly number[] {
  const order = shuffle(
    rows.map((_, row) => row),
    generator,
  );
  if (lengths === undefined) return order;
  if (lengths.length !== rows.length) throw new RangeError(`${lengths.length} lengths for ${rows.length} rows`);
  const length = (row: number) => lengths[row] as number;
  return chunks(order, batchSize * batchesPerLengthGroup).flatMap((group) =>
    group.sort((a, b) => length(b) - length(a)),
  );
}

/**
 * Fills batch after batch, first with waiting rows, then in the given order. A row that conflicts waits on the key (query or document)
 * that it met in the batch. As long as that key fills a batch's place, everything that waits on it conflicts too and is not looked at: one
 * row a key and batch is, so an epoch with few distinct documents is not quadratic.
 */
function compatibleBatches(
  order: readonly number[],
  options: BatchOptions<TrainingRow>,
): readonly (readonly number[])[] {
  const { batchSize } = options;
  const conflicts = conflictTable(options);
  const waiting = new Map<number, Queue>();
  const unseen = queue(order);
  const batches: number[][] = [];
  for (let number = 1; unseen.size() > 0 || waiting.size > 0; number++) {
    const batch: number[] = [];
    const deferred: { readonly key: number; readonly row: number }[] = [];
    const fill = (rows: Queue, tries: number, go: () => boolean) => {
      const last = deferred.length + tries;
      while (batch.length < batchSize && deferred.length < last && rows.size() > 0 && go()) {
        const row = rows.take();
        const key = conflicts.find(row, number);
        if (key !== undefined) deferred.push({ key, row });
        else {
          conflicts.enter(row, number);
          batch.push(row);
        }
      }
    };
    const tries = triesPerPlace * batchSize;
    for (const [key, rows] of waiting) {
      fill(rows, tries - deferred.length, () => !conflicts.occupied(key, number));
      if (rows.size() === 0) waiting.delete(key);
      if (batch.length === batchSize || deferred.length >= tries) break;
    }
    fill(unseen, tries, () => true);
    for (const { key, row } of deferred) {
      const rows = waiting.get(key) ?? queue([]);
      rows.add(row);
      waiting.set(key, rows);
    }
    batches.push(batch);
  }
  return batches;
}

/** First in, first out, in constant time: a row is never overtaken for good by rows that came after it. */
interface Queue {
  size(): number;
  take(): number;
  add(row: number): void;
}

function queue(start: readonly number[]): Queue {
  let rows = [...start];
  let head = 0;
  return {
    size: () => rows.length - head,
    take() {
      const row = rows[head++] as number;
      if (head * 2 > rows.length) {
        rows = rows.slice(head);
        head = 0;
      }
      return row;
    },
    add(row) {
      rows.push(row);
    },
  };
}

/**
 * Which keys the current batch holds. Queries and documents are numbered as keys; a key's mark is the number of the last batch that held it,
 * so nothing has to be cleared between batches.
 */
function conflictTable({ rows, knownPositives }: BatchOptions<TrainingRow>) {
  const documentKeys = new Map<string, number>();
  const queryKeys = new Map<string, number>();
  let keys = 0;
  const keyOf = (map: Map<string, number>, id: string): number => {
    const known = map.get(id);
    if (known !== undefined) return known;
    map.set(id, keys);
    return keys++;
  };
  const positives = new Map<number, readonly number[]>();
  const numbered = rows.map(({ queryId, positiveId, negativeIds = [] }) => {
    const query = keyOf(queryKeys, queryId);
    const documents = [positiveId, ...negativeIds].map((id) => keyOf(documentKeys, id));
    if (!positives.has(query)) {
      positives.set(
        query,
        [...(knownPositives.get(queryId) ?? [])].map((id) => keyOf(documentKeys, id)),
      );
    }
    return { query, documents };
  });
  const held = new Int32Array(keys);
  const wanted = new Int32Array(keys);
  return {
    /** A key that keeps the row out of this batch, if there is one. */
    find(row: number, batch: number): number | undefined {
      const { query, documents } = numbered[row] as { query: number; documents: readonly number[] };
      if (held[query] === batch) return query;
      const taken = documents.find((key) => held[key] === batch || wanted[key] === batch);
      return taken ?? positives.get(query)?.find((key) => held[key] === batch);
    },
    enter(row: number, batch: number): void {
      const { query, documents } = numbered[row] as { query: number; documents: readonly number[] };
      held[query] = batch;
      for (const key of documents) held[key] = batch;
      for (const key of positives.get(query) ?? []) wanted[key] = batch;
    },
    /** Whether the batch holds the query or document itself, not only as a known positive: then no row that waits on it fits. */
    occupied: (key: number, batch: number): boolean => held[key] === batch,
  };
}
