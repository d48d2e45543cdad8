import type { Board } from "./nearest.js";

/**
 * Boards on which the members of a search tell, query by query, a product that so many of their rows reach: shares of k in proportion to their rows. The
 * least of all is reached by k rows at least, so nobody need look at what lies below. Whoever reads early sees less and
 * does more; what is found in the end is the same.
 */
export function createBoards(k: number, queries: number, rows: readonly number[]): readonly Board[] {
  const told = new SharedArrayBuffer(4 * rows.length * queries);
  new Float32Array(told).fill(Number.NEGATIVE_INFINITY);
  const all = rows.reduce((sum, own) => sum + own, 0);
  const wanted = Math.min(k, all);
  return rows.map((own, member) => ({ told, members: rows.length, member, quota: Math.ceil((wanted * own) / all) }));
}

/** Tells products of the queries from `first` on, and raises their floors to what all members have told. */
export function exchange(
  { told, members, member }: Board,
  first: number,
  own: Float64Array,
  floors: Float64Array,
): void {
  const bits = new Int32Array(told);
  const queries = bits.length / members;
  const value = new Float32Array(1);
  const asBits = new Int32Array(value.buffer);
  for (let i = 0; i < own.length; i++) {
    value[0] = own[i]!;
    // A float32 that is no more than it; only whole numbers can be read and written in one piece by several threads.
    if (value[0] > own[i]!) value[0] = value[0] - Math.abs(value[0]) * 2 ** -23 - 2 ** -149;
    Atomics.store(bits, member * queries + first + i, asBits[0]!);
    let least = Number.POSITIVE_INFINITY;
    for (let other = 0; other < members; other++) {
      asBits[0] = Atomics.load(bits, other * queries + first + i);
      least = Math.min(least, value[0]);
    }
    floors[i] = Math.max(floors[i]!, least);
  }
}
