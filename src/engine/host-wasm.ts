import { type Arena, createArena } from "./arena.js";
import type { BagMatrix, SparseMatrix } from "./bags.js";
import type { MaskKey } from "./dropout.js";
import type { Block, Host } from "./host.js";
import type { AdamwFactors } from "./reference.js";
import { createTeam, type Team } from "./team.js";
import { loadKernels, type WasmKernels } from "./wasm.js";

/** float32 values in WebAssembly memory: where, is the host's affair and may change. */
export interface WasmBlock extends Block {
  readonly room: Room;
  readonly address: number;
}

/** A memory and the kernels over it; with a team, threads share it. */
interface Room {
  readonly arena: Arena;
  readonly kernels: WasmKernels;
  readonly team: Team | null;
}

/**
 * The host of the onnxruntime engine: float32 in WebAssembly memory, loops in SIMD, and what is computed at the edges of a graph. onnxruntime
 * does not take memory that threads share. So blocks begin in memory of this thread alone, and large tables that are worked
 * on row by row move to another, with all that is worked on together with them.
 */
export interface WasmHost extends Host<WasmBlock> {
  values(block: WasmBlock): Float32Array;
  /** As `allocate`, without the zeros. */
  allocateRaw(length: number): WasmBlock;
  /** The values where onnxruntime can read and write them; the array is stale after the next `allocate`. */
  unshared(block: WasmBlock): Float32Array<ArrayBuffer>;
  /** Fills a block with `count` keep decisions, a byte each; it must have room for the next multiple of 16. */
  fillMask(mask: WasmBlock, count: number, key: MaskKey, threshold: number): void;
  bytes(block: WasmBlock): Uint8Array<ArrayBuffer>;
  /** As `bagMatrix` in bags.ts; the shares are float32. */
  bagMatrix(ids: Int32Array, offsets: Int32Array, tableRows: number): BagMatrix;
  /** Where blocks begin, for kernels beside these. */
  readonly memory: WebAssembly.Memory;
  /** Bytes in use. */
  used(): number;
}

type List = Int32Array | Float32Array | Float64Array | Uint8Array;

type Seven = [number, number, number, number, number, number, number];

/** Values from which a table is worth several threads: waking one costs as much as a pass over a tenth of it. */
const WORTH_SHARING = 2 ** 18;

/** `threads` share the loops over rows of large tables; results are the same for any number. */
export function createWasmHost({ threads = 1 }: { readonly threads?: number } = {}): WasmHost {
  const own = roomOf(createArena(), 1);
  let shared: Room | undefined;
  const values = ({ room, address, length }: WasmBlock) => new Float32Array(room.arena.memory.buffer, address, length);
  const allocateIn = (room: Room, length: number): WasmBlock => ({
    room,
    address: room.arena.allocate(4 * length),
    length,
  });
  const move = (block: WasmBlock, room: Room): void => {
    if (block.room === room) return;
    const { address } = allocateIn(room, block.length);
    values({ ...block, room, address }).set(values(block));
    block.room.arena.free(block.address);
    Object.assign(block, { room, address });
  };
  /** The room of a table's rows. */
  const roomOfRows = (table: WasmBlock): Room => {
    if (threads === 1 || table.length < WORTH_SHARING) return table.room;
    shared ??= roomOf(createArena({ shared: true }), threads);
    move(table, shared);
    return shared;
  };
  /** One room for all of some blocks. */
  const together = (...blocks: (WasmBlock | undefined)[]): Room => {
    const room = blocks.find((block) => block !== undefined && block.room !== own)?.room ?? own;
    for (const block of blocks) if (block !== undefined) move(block, room);
    return room;
  };

  return {
    memory: own.arena.memory,
    allocateRaw: (length) => allocateIn(own, length),
    allocate(length, beside) {
      const block = allocateIn(beside?.room ?? own, length);
      values(block).fill(0);
      return block;
    },
    free: ({ room, address }) => room.arena.free(address),
    values,
    unshared(block) {
      move(block, own);
      return values(block) as Float32Array<ArrayBuffer>;
    },
    bytes(block) {
      move(block, own);
      const buffer = own.arena.memory.buffer as ArrayBuffer;
      return new Uint8Array(buffer, block.address, 4 * block.length);
    },
    bagMatrix(ids, offsets, tableRows) {
      const bags = offsets.length - 1;
      const [entry, named] = [new Int32Array(tableRows).fill(-1), new Int32Array(tableRows)];
      const most = Math.min(ids.length, tableRows);
      // What the kernels fill: starts, columns and weights of the one matrix and of the other, and the rows' numbers.
      const room = [bags + 1, ids.length, ids.length, most + 1, ids.length, ids.length, most];
      const filled = room.map((length) => own.arena.allocate(4 * length)) as Seven;
      try {
        const [starts, columns, weights, rowStarts, bagOf, shares, rows] = filled;
        let [entries, count] = [0, 0];
        withLists(own, [ids, offsets, entry, named], (i = 0, o = 0, e = 0, n = 0) => {
          entries = own.kernels.collapseBags(i, o, bags, e, n, starts, columns, weights);
          count = own.kernels.turnBags(starts, columns, weights, bags, n, tableRows, e, rows, rowStarts, bagOf, shares);
        });
        const { buffer } = own.arena.memory;
        const integers = (address: number, length: number) => new Int32Array(buffer, address, length).slice();
        const floats = (address: number, length: number) => new Float32Array(buffer, address, length).slice();
        return {
          byBag: {
            starts: integers(starts, bags + 1),
            ids: integers(columns, entries),
            weights: floats(weights, entries),
          },
          byRow: {
            starts: integers(rowStarts, count + 1),
            ids: integers(bagOf, entries),
            weights: floats(shares, entries),
          },
          rows: integers(rows, count),
        };
      } finally {
        for (const address of filled) own.arena.free(address);
      }
    },
    used: () => own.arena.used() + (shared?.arena.used() ?? 0),
    adamw(parameter, gradient, first, second, { from, count }, factors) {
      const { kernels } = together(parameter, gradient, first, second);
      const at = ({ address }: WasmBlock) => address + 4 * from;
      kernels.adamw(at(parameter), at(gradient), at(first), at(second), count, ...listOfFactors(factors));
    },
    adamwTable(parameter, gradient, first, second, { ids, width }, factors) {
      roomOfRows(parameter);
      const room = together(parameter, gradient, first, second);
      const rows = parameter.length / width;
      const [p, g, m, v] = [parameter.address, gradient.address, first.address, second.address];
      const rest = listOfFactors(factors);
      withLists(room, [ids], (list = 0) =>
        share(room, "adamwTable", rows, evenly, (from, to) => [
          ...[p, g, m, v, list, ids.length, from, to, width],
          ...rest,
        ]),
      );
    },
    sgd(parameter, gradient, velocity, f) {
      const { kernels } = together(parameter, gradient, velocity);
      kernels.sgd(
        parameter.address,
        gradient.address,
        velocity?.address ?? 0,
        parameter.length,
        f.gradientScale,
        f.weightDecay,
        f.momentum,
        f.nesterov,
        f.learningRate,
      );
    },
    squaredNorm: (x, { from, count }) => x.room.kernels.squaredNorm(x.address + 4 * from, count),
    axpy: (y, x, a) => together(y, x).kernels.axpy(y.address, x.address, y.length, a),
    ema: (target, source, momentum) =>
      together(target, source).kernels.ema(target.address, source.address, target.length, momentum, 1 - momentum),
    squaredNormRows(x, { ids, width }) {
      const room = roomOfRows(x);
      const squares = new Float64Array(ids.length);
      const found = room.arena.allocate(squares.byteLength);
      try {
        withLists(room, [ids], (list = 0) =>
          share(room, "squaredNormRows", ids.length, evenly, (from, to) => [x.address, list, from, to, width, found]),
        );
        squares.set(new Float64Array(room.arena.memory.buffer, found, ids.length));
      } finally {
        room.arena.free(found);
      }
      return squares.reduce((sum, one) => sum + one, 0);
    },
    sparseProduct({ starts, ids, weights }, source, width, target, targets) {
      const room = roomOfRows(targets === undefined ? source : target);
      // Of the other side a copy: it is small, and onnxruntime's.
      const copies = [source, target].map((block) => (block.room === room ? null : allocateIn(room, block.length)));
      const [from, to] = [copies[0] ?? source, copies[1] ?? target];
      try {
        if (from !== source) values(from).set(values(source));
        const squares = targets === undefined ? undefined : room.arena.allocate(targets.squares.byteLength);
        try {
          const lists = targets === undefined ? [] : [targets.ids, targets.fresh];
          withLists(room, [starts, ids, weights, ...lists], (s = 0, i = 0, w = 0, rows = 0, fresh = 0) =>
            share(room, "sparseProduct", starts.length - 1, byEntries(starts), (first, end) => [
              ...[s, i, w, first, end, width, from.address, to.address, rows, fresh, squares ?? 0],
            ]),
          );
          targets?.squares.set(new Float64Array(room.arena.memory.buffer, squares, targets.squares.length));
        } finally {
          if (squares !== undefined) room.arena.free(squares);
        }
        if (to !== target) values(target).set(values(to));
      } finally {
        for (const copy of copies) if (copy !== null) room.arena.free(copy.address);
      }
    },
    scatterAddRows(gradient, ids, width, dy) {
      const room = together(gradient, dy);
      withLists(room, [ids], (list = 0) =>
        room.kernels.scatterAddRows(gradient.address, list, ids.length, width, dy.address),
      );
    },
    fillMask(mask, count, [key0, key1], threshold) {
      own.kernels.dropoutMask(mask.address, count, key0, key1, threshold);
    },
  };
}

function roomOf(arena: Arena, threads: number): Room {
  const team = threads === 1 ? null : createTeam(arena.memory, threads);
  return { arena, team, kernels: team?.kernels ?? loadKernels(arena.memory) };
}

/** Calls with the addresses of copies of lists; float64 becomes float32. */
function withLists({ arena }: Room, lists: readonly List[], call: (...addresses: number[]) => void): void {
  const addresses = lists.map((list) => arena.allocate(4 * list.length));
  try {
    for (const [i, list] of lists.entries()) {
      const View = list instanceof Float64Array ? Float32Array : (list.constructor as Float32ArrayConstructor);
      new View(arena.memory.buffer, addresses[i], list.length).set(list);
    }
    call(...addresses);
  } finally {
    for (const address of addresses) arena.free(address);
  }
}

/** Where each of `parts` of so many items ends. */
type Cut = (items: number, part: number, parts: number) => number;

const evenly: Cut = (items, part, parts) => Math.round((items * part) / parts);

/** Rows of a sparse matrix in parts of about equal work: a row costs as much as a few entries. */
const byEntries =
  (starts: SparseMatrix["starts"]): Cut =>
  (rows, part, parts) => {
    const work = (row: number): number => starts[row]! + 4 * row;
    const wanted = (work(rows) * part) / parts;
    let [low, high] = [0, rows];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (work(middle) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };

/** Calls a kernel that works on the items [from, to), each alone: in parts side by side where threads share the room. */
function share(
  { kernels, team }: Room,
  kernel: "adamwTable" | "sparseProduct" | "squaredNormRows",
  items: number,
  cut: Cut,
  args: (from: number, to: number) => number[],
): void {
  if (team === null) {
    (kernels[kernel] as (...given: readonly number[]) => void)(...args(0, items));
    return;
  }
  const parts = Array.from({ length: team.size }, (_, i) =>
    args(cut(items, i, team.size), cut(items, i + 1, team.size)),
  );
  team.run(kernel, parts);
}

function listOfFactors(f: AdamwFactors) {
  return [
    f.gradientScale,
    f.keep,
    f.beta1,
    f.oneMinusBeta1,
    f.beta2,
    f.oneMinusBeta2,
    f.stepSize,
    f.inverseRoot,
    f.epsilon,
  ] as const;
}
