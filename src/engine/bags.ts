import { inputError } from "../base/errors.js";

/** A sparse matrix by rows: row i has the entries starts[i] … starts[i + 1] − 1, each a column and a weight. */
export interface SparseMatrix {
  readonly starts: Int32Array;
  readonly ids: Int32Array;
  readonly weights: Float32Array | Float64Array;
}

/** The means of bags as a sparse matrix: what is repeated in a bag is one entry, and each row of the table that any bag names is known. */
export interface BagMatrix {
  /** Bag × row of the table, its weight the share of the bag's ids. */
  readonly byBag: SparseMatrix;
  /** The same turned round: the i-th of the rows that are named × bag. */
  readonly byRow: SparseMatrix;
  /** Rows of the table that are named, ascending. */
  readonly rows: Int32Array;
}

/** Bag b is ids[offsets[b]] … ids[offsets[b + 1] − 1]: see `checkBags`. */
export function bagMatrix(ids: Int32Array, offsets: Int32Array, tableRows: number): BagMatrix {
  const bags = offsets.length - 1;
  const starts = new Int32Array(bags + 1);
  const columns = new Int32Array(ids.length);
  const weights = new Float64Array(ids.length);
  // Where the row's entry in its latest bag is; entries below the bag's first are those of earlier bags.
  const entry = new Int32Array(tableRows).fill(-1);
  const named = new Int32Array(tableRows);
  let count = 0;
  for (let bag = 0; bag < bags; bag++) {
    const [from, to] = [offsets[bag]!, offsets[bag + 1]!];
    const first = count;
    for (let at = from; at < to; at++) {
      const id = ids[at]!;
      if (entry[id]! < first) {
        entry[id] = count;
        columns[count++] = id;
        named[id]!++;
      }
      weights[entry[id]!]! += 1;
    }
    for (let at = first; at < count; at++) weights[at]! /= to - from;
    starts[bag + 1] = count;
  }
  const byBag = { starts, ids: columns.subarray(0, count), weights: weights.subarray(0, count) };
  return { byBag, ...turned(byBag, named) };
}

/** By row of the table, from the number of entries of each. Bags stay in order, so that sums have one order. */
function turned({ starts, ids, weights }: SparseMatrix, named: Int32Array): Pick<BagMatrix, "byRow" | "rows"> {
  const rows = new Int32Array(named.length);
  const rowStarts = new Int32Array(named.length + 1);
  const next = new Int32Array(named.length);
  let count = 0;
  for (let row = 0; row < named.length; row++) {
    if (named[row] === 0) continue;
    next[row] = rowStarts[count]!;
    rowStarts[count + 1] = rowStarts[count]! + named[row]!;
    rows[count++] = row;
  }
  const bags = new Int32Array(ids.length);
  const shares = new Float64Array(ids.length);
  for (let bag = 0; bag + 1 < starts.length; bag++) {
    for (let at = starts[bag]!; at < starts[bag + 1]!; at++) {
      const place = next[ids[at]!]!++;
      bags[place] = bag;
      shares[place] = weights[at]!;
    }
  }
  const byRow = { starts: rowStarts.slice(0, count + 1), ids: bags, weights: shares };
  return { byRow, rows: rows.slice(0, count) };
}

/** Throws `index` unless all ids are rows of the table and the offsets cover them. */
export function checkBags(table: string, ids: Int32Array, offsets: Int32Array, tableRows: number): void {
  checkIds(table, ids, tableRows);
  checkOffsets(table, offsets, ids.length);
}

/** Throws `index` unless every id is a row of the table. The kernels do not look. */
export function checkIds(table: string, ids: Int32Array, rows: number): void {
  for (let i = 0; i < ids.length; i++) {
    if (ids[i]! >= 0 && ids[i]! < rows) continue;
    throw inputError("index", `an id is outside its table ${table}`, {
      field: `ids[${i}]`,
      found: String(ids[i]),
      expected: `0 … ${rows - 1}`,
    });
  }
}

/** Throws `index` unless the offsets rise from 0 to the number of ids. */
function checkOffsets(table: string, offsets: Int32Array, count: number): void {
  const rising = offsets.every((offset, i) => offset >= (i === 0 ? 0 : offsets[i - 1]!));
  if (rising && offsets[0] === 0 && offsets.at(-1) === count) return;
  throw inputError("index", `the bags' offsets into the table ${table} do not cover its ids`, {
    found: `${offsets[0]} … ${offsets.at(-1)}${rising ? "" : ", not rising"}`,
    expected: `rising from 0 to ${count}`,
  });
}
