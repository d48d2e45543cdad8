// A thread that makes calls of kernels for team.ts.
import { workerData } from "node:worker_threads";
import { callSlot, type HelperData, MADE, POSTED } from "./team.js";
import { loadKernels } from "./wasm.js";

const { memory, slot, names } = workerData as HelperData;
const { counts, call } = callSlot(slot);
const kernels = new Map(Object.entries(loadKernels(memory)));

for (let made = 0; ; made++) {
  while (Atomics.load(counts, POSTED) === made) Atomics.wait(counts, POSTED, made);
  try {
    const [kernel = 0, count = 0, ...rest] = call;
    kernels.get(names[kernel] ?? "")(...rest.slice(0, count));
    Atomics.store(counts, MADE, made + 1);
  } catch {
    Atomics.store(counts, MADE, -1);
  }
  Atomics.notify(counts, MADE);
}
