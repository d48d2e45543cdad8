import { type InferenceSession, Tensor } from "onnxruntime-node";
import { inputError } from "../base/errors.js";
import type { WasmBlock, WasmHost } from "./host-wasm.js";
import type { Board, NearestQuestion, NearestRows, Searcher } from "./nearest.js";
import { exchange } from "./nearest-board.js";
import { approximationBounds, type Extent, extremes, greatest, lengthsOf, notQuantised } from "./nearest-bounds.js";
import { openFloat32Products, openInt8Products } from "./nearest-products.js";
import { layOutState, stateBytes } from "./nearest-state.js";
import { quantiseRows } from "./quantise.js";
import { loadNearestKernels, type NearestKernels } from "./wasm.js";

/** A set of vectors in the host's memory. */
export interface HeldRows extends Extent {
  readonly rows: number;
  readonly dimension: number;
  readonly vectors: WasmBlock;
  readonly int8: {
    /** [dimension, rows]. */
    readonly values: WasmBlock;
    readonly steps: WasmBlock;
  } | null;
}

/** Queries that are looked after together. */
const queriesAtOnce = 512;
/** Bytes that what is noted and found for them may take. */
const noteBytes = 2 ** 26;

/**
 * Search on onnxruntime: approximate products (float32, or 8-bit integers), of which a kernel notes those that could belong to the best k given how
 * far a product can be from the exact one; then these exactly, in float64. So both precisions find the same, whatever else is searched for, on any
 * number of threads.
 */
export function createWasmSearcher(host: WasmHost, threads: number): Searcher<HeldRows> {
  const kernels = loadNearestKernels(host.memory);
  let float32: Promise<InferenceSession> | undefined;
  let int8: ReturnType<typeof openInt8Products> | undefined;

  const float32Products = () => {
    float32 ??= openFloat32Products(threads);
    return float32;
  };
  const int8Products = () => {
    int8 ??= openInt8Products(threads);
    return int8;
  };
  const copied = (data: Float32Array): WasmBlock => {
    const block = host.allocateRaw(data.length);
    host.values(block).set(data);
    return block;
  };
  const free = ({ vectors, int8: small }: HeldRows): void => {
    for (const block of [vectors, small?.values, small?.steps]) if (block !== undefined) host.free(block);
  };

  return {
    async hold({ data, shape }, precision) {
      const [rows = 0, dimension = 1] = shape;
      const values = data instanceof Float32Array ? data : Float32Array.from(data);
      const base = { rows, dimension, length: greatest(lengthsOf(values, dimension)) };
      if (precision === "float32") return { ...base, ...notQuantised, vectors: copied(values), int8: null };
      if (dimension > 2 ** 16)
        throw inputError("bad-vectors", "vectors are too long for products of 8-bit integers", {
          found: String(dimension),
          expected: "at most 65536 numbers",
        });
      const small = quantiseRows(values, dimension, (await int8Products()).limit, true);
      const turned = host.allocateRaw(Math.ceil(small.values.length / 4));
      host.bytes(turned).set(new Uint8Array(small.values.buffer));
      const steps = copied(small.steps);
      return { ...base, ...extremes(small), vectors: copied(values), int8: { values: turned, steps } };
    },
    free,
    async nearest(question, among) {
      const [count = 0, dimension = 1] = question.queries.shape;
      const rows = among.reduce((sum, held) => sum + held.rows, 0);
      const k = Math.min(question.k, rows);
      const widest = greatest(among.map((held) => held.rows));
      // What is noted of a block may be all of it.
      const capacity = 2 * widest + k;
      const each = Math.max(1, Math.min(queriesAtOnce, Math.floor(noteBytes / stateBytes(k, capacity))));
      const whole = among.every((held) => held.int8 !== null);
      const session = whole ? (await int8Products()).session : await float32Products();
      const parts: NearestRows[] = [];
      for (let first = 0; first < count && k > 0; first += each) {
        const part = partOf(question, first, Math.min(each, count - first), dimension);
        parts.push(await searchPart({ host, kernels, session, among, k, capacity, widest }, part, dimension));
      }
      return joined(parts, count);
    },
    async close() {
      await (await float32)?.release();
      await (await int8)?.session.release();
    },
  };
}

interface Part {
  readonly first: number;
  readonly queries: Float32Array;
  readonly count: number;
  readonly floors: Float64Array;
  readonly board: Board | undefined;
}

interface Search {
  readonly host: WasmHost;
  readonly kernels: NearestKernels;
  readonly session: InferenceSession;
  readonly among: readonly HeldRows[];
  readonly k: number;
  readonly capacity: number;
  readonly widest: number;
}

async function searchPart(search: Search, part: Part, dimension: number): Promise<NearestRows> {
  const { host, kernels, session, among, k, capacity, widest } = search;
  const { first, queries, count, floors, board } = part;
  const blocks: WasmBlock[] = [];
  const room = (bytes: number): WasmBlock => {
    const block = host.allocateRaw(Math.ceil(bytes / 4));
    blocks.push(block);
    return block;
  };
  try {
    const small = among.every(({ int8 }) => int8 !== null) ? quantiseRows(queries, dimension, 127, false) : null;
    const bounds = approximationBounds(queries, dimension, among, small);
    const given = room(small === null ? 4 * queries.length : queries.length);
    const vectors = small === null ? given : room(4 * queries.length);
    const products = room(4 * count * widest);
    const told = room(8 * count);
    const quota = board?.quota ?? k;
    const state = layOutState(host, room, { count, k, capacity, quota, dimension, vectors, floors, ...bounds });

    // Everything has its place: views stay valid from here on.
    const { buffer } = host.memory;
    host.values(vectors).set(queries);
    if (small !== null) {
      const bytes = host.bytes(given);
      // Bytes modulo 256: what is flipped is worth 128.
      for (let i = 0; i < small.values.length; i++) bytes[i] = small.values[i]! ^ 128;
    }
    const starts = [0];
    for (const { rows } of among) starts.push(starts.at(-1)! + rows);
    const settle = (sets: number) => {
      for (const [i, { vectors: held, rows }] of among.slice(0, sets).entries())
        kernels.settle(held.address, starts[i]!, starts[i]! + rows, state.address);
      state.clear();
    };
    const tell = (to: Board) => {
      kernels.tell(state.address, told.address);
      exchange(to, first, new Float64Array(buffer, told.address, count), state.floors);
    };
    const a = inputTensor(host, given, [count, dimension], small !== null);
    let most = 0;
    for (const [i, held] of among.entries()) {
      if (most + held.rows > capacity) most = kernels.forget(state.address);
      if (most + held.rows > capacity) {
        settle(i);
        most = 0;
      }
      const size = count * held.rows;
      const y =
        small === null
          ? new Tensor("float32", new Float32Array(buffer, products.address, size), [count, held.rows])
          : new Tensor("int32", new Int32Array(buffer, products.address, size), [count, held.rows]);
      await session.run({ a, b: documentsTensor(host, held, small !== null) }, { y });
      most =
        small === null
          ? kernels.scan(products.address, held.rows, starts[i]!, state.address)
          : kernels.scanInt8(products.address, held.int8!.steps.address, held.rows, starts[i]!, state.address);
      if (board !== undefined) tell(board);
    }
    kernels.forget(state.address);
    settle(among.length);
    kernels.order(state.address);
    const { rows, scores } = state.found;
    return packed(rows, scores, count, k);
  } finally {
    for (const block of blocks) host.free(block);
  }
}

function partOf({ queries, floors, board }: NearestQuestion, first: number, count: number, dimension: number): Part {
  const data = queries.data.subarray(first * dimension, (first + count) * dimension);
  return {
    first,
    board,
    queries: Float32Array.from(data),
    count,
    floors: floors?.slice(first, first + count) ?? new Float64Array(count).fill(Number.NEGATIVE_INFINITY),
  };
}

function inputTensor(host: WasmHost, block: WasmBlock, shape: readonly number[], bytes: boolean): Tensor {
  const length = shape.reduce((a, b) => a * b, 1);
  return bytes
    ? new Tensor("uint8", host.bytes(block).subarray(0, length), shape)
    : new Tensor("float32", host.values(block).subarray(0, length), shape);
}

function documentsTensor(host: WasmHost, { rows, dimension, vectors, int8 }: HeldRows, small: boolean): Tensor {
  if (!small || int8 === null) return new Tensor("float32", host.values(vectors), [rows, dimension]);
  const values = new Int8Array(host.memory.buffer, int8.values.address, rows * dimension);
  return new Tensor("int8", values, [dimension, rows]);
}

/** The hits of lists of k, without the places where nothing was found. */
function packed(rows: Int32Array, scores: Float64Array, count: number, k: number): NearestRows {
  const starts = new Int32Array(count + 1);
  const kept = { rows: new Int32Array(rows.length), scores: new Float64Array(rows.length) };
  let to = 0;
  for (let query = 0; query < count; query++) {
    for (let at = query * k; at < (query + 1) * k; at++) {
      if (rows[at]! < 0) continue;
      kept.rows[to] = rows[at]!;
      kept.scores[to++] = scores[at]!;
    }
    starts[query + 1] = to;
  }
  return { starts, rows: kept.rows.slice(0, to), scores: kept.scores.slice(0, to) };
}

function joined(parts: readonly NearestRows[], count: number): NearestRows {
  if (parts.length === 1) return parts[0]!;
  const total = parts.reduce((sum, { rows }) => sum + rows.length, 0);
  const all = { starts: new Int32Array(count + 1), rows: new Int32Array(total), scores: new Float64Array(total) };
  let [query, at] = [0, 0];
  for (const { starts, rows, scores } of parts) {
    for (let i = 1; i < starts.length; i++) all.starts[++query] = at + starts[i]!;
    all.rows.set(rows, at);
    all.scores.set(scores, at);
    at += rows.length;
  }
  return all;
}
