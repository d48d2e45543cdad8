/** Ids as their UTF-8 bytes, one after the other in one array that grows: a million of them are three typed arrays and no strings. */
export interface IdColumn {
  /** Appends bytes[start … end) as the next row. */
  push(bytes: Uint8Array, start: number, end: number): void;
  /** Whether a row holds these bytes. */
  holds(row: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** FNV-1a of a row's bytes. */
  hash(row: number): number;
  equal(row: number, other: IdColumn, otherRow: number): boolean;
  /** Orders two rows by bytes, and so by code point: below 0, 0 or above. */
  compare(a: number, b: number): number;
  text(row: number): string;
}

/** An empty column. */
export function idColumn(): IdColumn {
  let bytes: Buffer = Buffer.alloc(1 << 16);
  let ends = new Uint32Array(1 << 10);
  let hashes = new Int32Array(1 << 10);
  let length = 0;
  const startOf = (row: number): number => (row === 0 ? 0 : ends[row - 1]!);
  const holds = (row: number, other: Uint8Array, start: number, end: number): boolean => {
    const from = startOf(row);
    if (ends[row]! - from !== end - start) return false;
    for (let i = start; i < end; i++) if (bytes[from + i - start] !== other[i]) return false;
    return true;
  };
  return {
    push(source, start, end) {
      let used = startOf(length);
      if (used + end - start > bytes.length) bytes = Buffer.concat([bytes], 2 * (bytes.length + end - start));
      if (length === ends.length) {
        ends = doubled(ends, Uint32Array);
        hashes = doubled(hashes, Int32Array);
      }
      let hash = 0x811c9dc5;
      for (let i = start; i < end; i++) {
        const byte = source[i]!;
        bytes[used++] = byte;
        hash = Math.imul(hash ^ byte, 0x01000193);
      }
      ends[length] = used;
      hashes[length++] = hash;
    },
    holds,
    hash: (row) => hashes[row]!,
    equal: (row, other, otherRow) =>
      hashes[row] === other.hash(otherRow) && other.holds(otherRow, bytes, startOf(row), ends[row]!),
    compare: (a, b) => bytes.compare(bytes, startOf(b), ends[b], startOf(a), ends[a]),
    text: (row) => bytes.toString("utf8", startOf(row), ends[row]),
  };
}

/** A typed array of twice the length with the same beginning. */
export function doubled<T extends Float64Array | Int32Array | Uint32Array>(
  array: T,
  make: new (length: number) => T,
): T {
  const larger = new make(2 * array.length);
  larger.set(array);
  return larger;
}

/** Finds equal ids of columns: a hash table with open addressing that is used again for one query after the other. */
export interface IdTable {
  /** Forgets all entries and makes room for as many. */
  clear(expected: number): void;
  /** The number of the entry with this id, counted from 0 in the order of adding; −1 where it was not there and has been added. */
  add(column: IdColumn, row: number): number;
}

export function idTable(): IdTable {
  let slots = new Int32Array(0);
  let mask = 0;
  let columns: IdColumn[] = [];
  let rows = new Int32Array(0);
  return {
    clear(expected) {
      const size = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * expected)));
      if (slots.length < size) {
        slots = new Int32Array(size);
        rows = new Int32Array(size);
      } else slots.fill(0, 0, size);
      mask = size - 1;
      columns = [];
    },
    add(column, row) {
      const hash = column.hash(row);
      // The low bits of FNV-1a say little of the last byte's high bits.
      let slot = (hash ^ (hash >>> 15)) & mask;
      for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const entry = slots[slot]! - 1;
        if (columns[entry]!.equal(rows[entry]!, column, row)) return entry;
      }
      rows[columns.length] = row;
      columns.push(column);
      slots[slot] = columns.length;
      return -1;
    },
  };
}
