import { workError } from "../base/errors.js";

const PAGE = 65_536;
const MAX_PAGES = 65_536;
/** Grown by at least this at once: growing makes every view of the memory stale. */
const STEP = 16 * 2 ** 20;
const ALIGNMENT = 64;

/** Blocks of one WebAssembly memory. Views of the memory must be made anew after each `allocate`: growing detaches them. */
export interface Arena {
  readonly memory: WebAssembly.Memory;
  /** The address of a new block, a multiple of 64; its bytes are whatever was there. Throws `out-of-memory` (exit code 1) beyond 4 GiB. */
  allocate(bytes: number): number;
  free(address: number): void;
  /** Bytes of all blocks in use. */
  used(): number;
}

interface Gap {
  readonly start: number;
  readonly end: number;
}

/**
 * First fit over gaps in the order of their addresses; neighbours are joined, so that what is freed together is whole again. A `shared`
 * memory can be given to other threads.
 */
export function createArena({ shared = false }: { readonly shared?: boolean } = {}): Arena {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared });
  const sizes = new Map<number, number>();
  // Address 0 stands for "none" in the kernels.
  let gaps: Gap[] = [{ start: ALIGNMENT, end: PAGE }];
  let used = 0;

  const release = (start: number, end: number): void => {
    const at = gaps.findIndex((gap) => gap.start > start);
    const place = at < 0 ? gaps.length : at;
    const before = gaps[place - 1];
    const after = gaps[place];
    const joinsBefore = before !== undefined && before.end === start;
    const joinsAfter = after !== undefined && after.start === end;
    const joined = { start: joinsBefore ? before.start : start, end: joinsAfter ? after.end : end };
    gaps = gaps.toSpliced(joinsBefore ? place - 1 : place, Number(joinsBefore) + Number(joinsAfter), joined);
  };

  const grow = (size: number): void => {
    const end = memory.buffer.byteLength;
    const last = gaps.at(-1);
    const missing = size - (last !== undefined && last.end === end ? end - last.start : 0);
    const room = MAX_PAGES * PAGE - end;
    const wanted = Math.min(room, Math.ceil(Math.max(missing, STEP) / PAGE) * PAGE);
    if (missing > room) throw outOfMemory(size, used);
    try {
      memory.grow(wanted / PAGE);
    } catch {
      throw outOfMemory(size, used);
    }
    release(end, end + wanted);
  };

  return {
    memory,
    allocate(bytes) {
      const size = Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
      const fits = (gap: Gap): boolean => gap.end - gap.start >= size;
      let at = gaps.findIndex(fits);
      if (at < 0) {
        grow(size);
        at = gaps.findIndex(fits);
      }
      const gap = gaps[at]!;
      const rest = { start: gap.start + size, end: gap.end };
      gaps = gaps.toSpliced(at, 1, ...(rest.start < rest.end ? [rest] : []));
      sizes.set(gap.start, size);
      used += size;
      return gap.start;
    },
    free(address) {
      const size = sizes.get(address);
      if (size === undefined) throw new RangeError(`free(${address}): no such block`);
      sizes.delete(address);
      used -= size;
      release(address, address + size);
    },
    used: () => used,
  };
}

function outOfMemory(size: number, used: number) {
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  return workError("out-of-memory", "weights, gradients, optimiser state and batch need more than the engine's 4 GiB", {
    found: `${mebibytes(used)} in use and ${mebibytes(size)} more wanted`,
    expected: "at most 4096 MiB",
    hint: "use a smaller batch, a shorter maximum length or a smaller model",
  });
}
