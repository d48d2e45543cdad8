import type { KnownPositives, TrainingRow } from "../data/rows.js";
import type { Feeds, HostTensor } from "../engine/types.js";
import type { NegativeScope } from "../losses/types.js";
import type { Encoder } from "../nn/encoder.js";

/** What a batch is made of, by id. Columns are the rows' positives in order, then each further negative once. */
export interface BatchLayout {
  readonly rows: readonly TrainingRow[];
  readonly columns: readonly string[];
  /** [rows, columns], 1 where the column is a negative of the row. */
  readonly negatives: Uint8Array;
  /** [rows, columns], 1 where the column was drawn as a negative for the row itself. */
  readonly own: Uint8Array;
  /** [columns]: how probable each is as a column of a batch. */
  readonly probabilities: Float32Array;
}

/**
 * Lays out a batch. Known positives of a row are never its negatives, whatever drew them; a document that several rows drew is
 * encoded once and seen by all.
 */
export function layOutBatch(
  rows: readonly TrainingRow[],
  drawn: (row: TrainingRow) => readonly string[],
  known: KnownPositives,
  scope: NegativeScope,
  probability: (documentId: string) => number = () => 1 / rows.length,
): BatchLayout {
  const columns = rows.map((row) => row.positiveId);
  const present = new Set(columns);
  const drawnIds = rows.map((row) => new Set(drawn(row)));
  for (const ids of drawnIds) {
    for (const id of ids) {
      if (present.has(id)) continue;
      present.add(id);
      columns.push(id);
    }
  }
  const places = new Map<string, number[]>();
  columns.forEach((id, column) => {
    const there = places.get(id);
    if (there === undefined) places.set(id, [column]);
    else there.push(column);
  });
  const width = columns.length;
  const own = new Uint8Array(rows.length * width);
  const mark = (mask: Uint8Array, row: number, ids: Iterable<string>, value: 0 | 1): void => {
    for (const id of ids) for (const column of places.get(id) ?? []) mask[row * width + column] = value;
  };
  rows.forEach((_, i) => {
    mark(own, i, drawnIds[i] ?? [], 1);
  });
  const negatives = scope === "own" ? own.slice() : new Uint8Array(own.length).fill(1);
  for (const mask of [negatives, own])
    rows.forEach((row, i) => {
      mark(mask, i, known.get(row.queryId) ?? [], 0);
      mark(mask, i, [row.positiveId], 0);
    });
  return { rows, columns, negatives, own, probabilities: Float32Array.from(columns, probability) };
}

/** The feeds of one step: queries first, then the columns, as the encoder packs them. */
export function collateBatch<Item>(
  layout: BatchLayout,
  encoder: Pick<Encoder<Item>, "collate">,
  query: (id: string) => Item,
  document: (id: string) => Item,
  wantedGroups: number,
): {
  readonly key: string;
  readonly groups: number;
  readonly texts: number;
  readonly feeds: Feeds;
} {
  const items = [...layout.rows.map((row) => query(row.queryId)), ...layout.columns.map(document)];
  const { key, groups, feeds, place } = encoder.collate(items, wantedGroups);
  return { key, groups, texts: items.length, feeds: { ...feeds, ...pairFeeds(layout, place) } };
}

/** What the loss needs to know: the row among all vectors of each query and then each column (`place`), and who is what to whom. */
export function pairFeeds(layout: BatchLayout, place: Int32Array): Feeds {
  const rows = layout.rows.length;
  const vectorPlaces = new Int32Array(place.length);
  place.forEach((row, i) => {
    vectorPlaces[row] = i;
  });
  const int32 = (data: Int32Array): HostTensor => ({ dtype: "int32", shape: [data.length], data });
  return {
    queryRows: int32(place.subarray(0, rows)),
    documentRows: int32(place.subarray(rows)),
    vectorPlaces: int32(vectorPlaces),
    ...relationFeeds(layout),
  };
}

/** What queries and columns are to each other, for `pairBatchOf`. */
export function relationFeeds({ rows, columns, negatives, own, probabilities }: BatchLayout): Feeds {
  return {
    negatives: { dtype: "bool", shape: [rows.length, columns.length], data: negatives },
    own: { dtype: "bool", shape: [rows.length, columns.length], data: own },
    probabilities: { dtype: "float32", shape: [columns.length], data: probabilities },
  };
}
