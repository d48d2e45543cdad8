import { canonicalText } from "../base/text.js";
import type { RetrievalData } from "../base/types.js";
import { relevant, splitOf } from "./splits.js";

/** What one row of a training batch is made of. */
export interface TrainingRow {
  readonly queryId: string;
  readonly positiveId: string;
  /** Negatives of this row: those that came with the data, or mined ones. */
  readonly negativeIds?: readonly string[];
}

/** One row for each query and relevant document of a split, in the order of the file, with the negatives given for the query. */
export function trainingRows(data: RetrievalData, split: string): readonly TrainingRow[] {
  const { judgements, negatives } = splitOf(data, split);
  const rows: TrainingRow[] = [];
  for (const [queryId, judged] of judgements) {
    const negativeIds = negatives?.get(queryId);
    for (const positiveId of relevant(judged)) {
      rows.push(negativeIds === undefined ? { queryId, positiveId } : { queryId, positiveId, negativeIds });
    }
  }
  return rows;
}

/** Query id → ids of its known positives. */
export type KnownPositives = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * The documents that must not be negatives of a query: its relevant documents in the named splits, and those of queries with an
 * equal text. Training names only `train`: judgements of other splits would leak.
 */
export function knownPositives(data: RetrievalData, splits: readonly string[]): KnownPositives {
  const byText = new Map<string, Set<string>>();
  const known = new Map<string, Set<string>>();
  for (const name of splits) {
    for (const [query, judged] of splitOf(data, name).judgements) {
      const text = canonicalText(data.queries.get(query)?.text ?? query);
      const documents = byText.get(text) ?? new Set();
      for (const id of relevant(judged)) documents.add(id);
      byText.set(text, documents);
      known.set(query, documents);
    }
  }
  return known;
}
