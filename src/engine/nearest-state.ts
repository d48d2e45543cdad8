import type { WasmBlock, WasmHost } from "./host-wasm.js";

/** As in kernels/nearest.ts. */
const BINS = 2048;
const FIELDS = 19;

/** What a search keeps, laid out in the host's memory as `Search` of kernels/nearest.ts. Views are stale after the next allocation. */
export interface SearchState {
  readonly address: number;
  readonly floors: Float64Array;
  readonly found: { readonly rows: Int32Array; readonly scores: Float64Array };
  /** Forgets all that is noted. */
  clear(): void;
}

export interface SearchStart {
  readonly count: number;
  readonly k: number;
  readonly capacity: number;
  readonly quota: number;
  readonly dimension: number;
  readonly vectors: WasmBlock;
  readonly floors: Float64Array;
  readonly units: Float64Array;
  readonly shifts: Int32Array;
  readonly slacks: Float64Array;
  /** How great a product is at most, in units. */
  readonly ranges: Float64Array;
}

/** Bytes for a query, but for its vector. */
export const stateBytes = (k: number, capacity: number): number => 4 * BINS + 12 * k + 8 * capacity + 64;

/** Takes all its blocks from `room`. */
export function layOutState(host: WasmHost, room: (bytes: number) => WasmBlock, start: SearchStart): SearchState {
  const { count, k, capacity, quota, dimension, vectors } = start;
  const ints = (length: number) => room(4 * length);
  const doubles = (length: number) => room(8 * length);
  const fields = room(4 * FIELDS);
  const [floors, units, shifts, slacks, widths] = [
    doubles(count),
    doubles(count),
    ints(count),
    doubles(count),
    doubles(count),
  ];
  const [histograms, reached, counts] = [ints(BINS * count), ints(2 * count), ints(count)];
  const [rows, most, offered] = [ints(capacity * count), ints(capacity * count), ints(count)];
  const [scores, found] = [doubles(k * count), ints(k * count)];

  const { buffer } = host.memory;
  const intsOf = ({ address }: WasmBlock, length: number) => new Int32Array(buffer, address, length);
  const doublesOf = ({ address }: WasmBlock, length: number) => new Float64Array(buffer, address, length);
  intsOf(fields, FIELDS).set([
    ...[count, k, capacity, quota],
    ...[floors, units, shifts, slacks, widths].map(({ address }) => address),
    ...[histograms, reached, counts, rows, most, offered, vectors].map(({ address }) => address),
    dimension,
    ...[scores, found].map(({ address }) => address),
  ]);
  doublesOf(units, count).set(start.units);
  intsOf(shifts, count).set(start.shifts);
  doublesOf(slacks, count).set(start.slacks);
  doublesOf(widths, count).set(start.ranges.map((range) => (2 * range) / BINS));
  intsOf(histograms, BINS * count).fill(0);
  intsOf(reached, 2 * count).fill(0);
  const best = { rows: intsOf(found, k * count).fill(-1), scores: doublesOf(scores, k * count) };
  for (let query = 0; query < count; query++) best.scores.fill(start.floors[query]!, query * k, (query + 1) * k);
  const wanted = doublesOf(floors, count);
  wanted.set(start.floors);
  const clear = () => {
    intsOf(counts, count).fill(0);
    intsOf(offered, count).fill(0);
  };
  clear();
  return {
    address: fields.address,
    floors: wanted,
    found: best,
    clear,
  };
}
