/** Ids of pieces of text, found by their characters: no string is made of a piece that is known. */
export interface PieceTable {
  /** The number of a known piece, text[start] … text[end − 1] in UTF-16 units, by its hash; −1. Numbers hold until the next `add`. */
  find(text: Uint16Array, start: number, end: number, hash: number): number;
  /** Puts in a piece that is not known. Where there is no room, all others are forgotten first. */
  add(piece: Uint16Array, hash: number, ids: ArrayLike<number>): void;
  /** How many ids a piece has. */
  length(piece: number): number;
  copyIds(piece: number, to: Int32Array, at: number): void;
  idsOf(piece: number): readonly number[];
}

/** The hash of no text; `hashOn` for each of its UTF-16 units makes that of a text (FNV-1a over units). */
export const emptyHash = 0x811c9dc5;
export const hashOn = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

/** What is kept of a piece side by side: its hash, and where its units and its ids begin. Those of the next begin where they end. */
const [HASH, UNITS, IDS, FIELDS] = [0, 1, 2, 4];

/** Open addressing with linear probing, at most half full. `most`: pieces that it remembers. */
export function createPieceTable(most: number): PieceTable {
  const size = 2 ** Math.ceil(Math.log2(2 * most));
  const slots = new Int32Array(size).fill(-1);
  const pieces = new Int32Array(FIELDS * (most + 1));
  let units = new Uint16Array(8 * 1024);
  let ids = new Int32Array(4 * 1024);
  let count = 0;
  const home = (hash: number): number => (hash ^ (hash >>> 15)) & (size - 1);
  return {
    find(text, start, end, hash) {
      for (let slot = home(hash); slots[slot]! >= 0; slot = (slot + 1) & (size - 1)) {
        const piece = FIELDS * slots[slot]!;
        if (pieces[piece + HASH] !== hash) continue;
        const first = pieces[piece + UNITS]!;
        if (pieces[piece + FIELDS + UNITS]! - first !== end - start) continue;
        let at = start;
        while (at < end && text[at] === units[first + at - start]) at++;
        if (at === end) return slots[slot]!;
      }
      return -1;
    },
    add(piece, hash, of) {
      if (count === most) {
        slots.fill(-1);
        count = 0;
      }
      const at = FIELDS * count;
      const [unitsFrom, idsFrom] = [pieces[at + UNITS]!, pieces[at + IDS]!];
      units = withRoom(units, unitsFrom + piece.length);
      ids = withRoom(ids, idsFrom + of.length);
      units.set(piece, unitsFrom);
      ids.set(of, idsFrom);
      pieces[at + HASH] = hash;
      pieces[at + FIELDS + UNITS] = unitsFrom + piece.length;
      pieces[at + FIELDS + IDS] = idsFrom + of.length;
      let slot = home(hash);
      while (slots[slot]! >= 0) slot = (slot + 1) & (size - 1);
      slots[slot] = count++;
    },
    length: (piece) => pieces[FIELDS * (piece + 1) + IDS]! - pieces[FIELDS * piece + IDS]!,
    copyIds(piece, to, at) {
      const [from, end] = [pieces[FIELDS * piece + IDS]!, pieces[FIELDS * (piece + 1) + IDS]!];
      for (let i = from; i < end; i++) to[at + i - from] = ids[i]!;
    },
    idsOf: (piece) => [...ids.subarray(pieces[FIELDS * piece + IDS]!, pieces[FIELDS * (piece + 1) + IDS]!)],
  };
}

/** Values with room for `length`: the same, or a copy at least twice as long. */
export function withRoom<T extends Uint16Array | Int32Array>(values: T, length: number): T {
  if (length <= values.length) return values;
  const larger = new (values.constructor as new (length: number) => T)(Math.max(length, 2 * values.length));
  larger.set(values);
  return larger;
}
