import { Worker } from "node:worker_threads";
import { workError } from "../base/errors.js";
import { loadKernels, type WasmKernels } from "./wasm.js";

/** Threads that run kernels over one shared memory, side by side. */
export interface Team {
  readonly kernels: WasmKernels;
  readonly size: number;
  /** Makes each of at most `size` calls of a kernel in a thread of its own, and returns once all are made. */
  run(kernel: keyof WasmKernels, calls: readonly (readonly number[])[]): void;
}

/** What a helper and its caller share: the number of calls posted and of those made (the last one failed: −1), and what is called. */
export interface CallSlot {
  readonly counts: Int32Array;
  /** The kernel's place among the names, the number of its arguments, the arguments. */
  readonly call: Float64Array;
}

export interface HelperData {
  readonly memory: WebAssembly.Memory;
  readonly slot: SharedArrayBuffer;
  readonly names: readonly string[];
}

export const POSTED = 0;
export const MADE = 1;
const MOST_ARGUMENTS = 20;
/** How long a helper may take: so that one that could not start is an error, not silence. Milliseconds. */
const PATIENCE = 120_000;

export function callSlot(buffer: SharedArrayBuffer): CallSlot {
  return { counts: new Int32Array(buffer, 0, 2), call: new Float64Array(buffer, 8) };
}

/** A team of this thread and size − 1 helpers, which sleep between calls and end with this thread. */
export function createTeam(memory: WebAssembly.Memory, size: number): Team {
  const kernels = loadKernels(memory);
  const names = Object.keys(kernels) as (keyof WasmKernels)[];
  const helpers = Array.from({ length: size - 1 }, (): CallSlot => {
    const slot = new SharedArrayBuffer(8 + 8 * (2 + MOST_ARGUMENTS));
    const workerData: HelperData = { memory, slot, names };
    new Worker(new URL("./helper.js", import.meta.url), { workerData, execArgv: [] }).unref();
    return callSlot(slot);
  });
  return {
    kernels,
    size,
    run(kernel, [own, ...others]) {
      for (const [i, args] of others.entries()) {
        const { counts, call } = helpers[i]!;
        call.set([names.indexOf(kernel), args.length, ...args]);
        Atomics.add(counts, POSTED, 1);
        Atomics.notify(counts, POSTED);
      }
      if (own !== undefined) (kernels[kernel] as (...args: readonly number[]) => unknown)(...own);
      for (const [i] of others.entries()) join(helpers[i]!);
    },
  };
}

/** Waits until a helper has made all its calls. */
function join({ counts }: CallSlot): void {
  const posted = Atomics.load(counts, POSTED);
  for (;;) {
    const made = Atomics.load(counts, MADE);
    if (made === posted) return;
    if (made < 0 || Atomics.wait(counts, MADE, made, PATIENCE) === "timed-out")
      throw workError("engine-failed", "a thread of the engine failed");
  }
}
