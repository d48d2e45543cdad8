import { availableParallelism } from "node:os";
import { inputError } from "../base/errors.js";
import { startCalls } from "./calls.js";
import { type Method, questionToSend, toSend } from "./protocol.js";
import { createSource } from "./source.js";
import type { Engine, Feeds, HostTensor } from "./types.js";

/**
 * The engine on onnxruntime. A worker thread owns sessions, weights and optimisers, so the caller's event loop goes on during a step;
 * weights stay there. `threads` is what one operation may use (default: all the process may); results are the same for any
 * number. The process can end while an engine is idle, also without `close`. Throws `bad-threads`, or `out-of-memory` beyond 4 GiB.
 */
export async function createEngine({
  threads = availableParallelism(),
}: {
  readonly threads?: number;
} = {}): Promise<Engine> {
  if (!(Number.isInteger(threads) && threads >= 1)) {
    throw inputError("bad-threads", "threads must be a whole number from 1", { found: String(threads) });
  }
  const worker = await startCalls(new URL("./worker.js", import.meta.url), { threads });
  const call = <T>(method: Method, args: readonly unknown[]): Promise<T> => worker.call(method, args);
  const send = (feeds: Feeds): Feeds =>
    Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toSend(tensor)]));
  const sendMap = (tensors: ReadonlyMap<string, HostTensor>): ReadonlyMap<string, HostTensor> =>
    new Map([...tensors].map(([name, tensor]) => [name, toSend(tensor)]));
  return {
    kind: "onnxruntime",
    load: async (tensors) => call("load", [sendMap(tensors)]),
    loadFile: (path) => call("loadFile", [path]),
    compile: async (spec) => call("compile", [createSource(spec)]),
    run: async (program, feeds, weights, dropout) => call("run", [program, send(feeds), weights, dropout]),
    hold: async (vectors, precision) => call("hold", [toSend(vectors), precision]),
    nearest: async (question, among) => call("nearest", [questionToSend(question), among]),
    optimiser: (weights, options) => call("optimiser", [weights, options]),
    step: async ({ microBatches, program, weights, optimiser, learningRate, ...options }) => {
      const { maxNorm, dropout, reduction } = options;
      const settings = { program, weights, optimiser, learningRate, maxNorm, dropout, reduction };
      return call("step", [{ ...settings, microBatches: microBatches.map(send) }]);
    },
    read: (weights, names) => call("read", [weights, names]),
    write: async (weights, tensors) => call("write", [weights, sendMap(tensors)]),
    ema: (target, source, momentum) => call("ema", [target, source, momentum]),
    saveWeights: (weights, path, metadata) => call("saveWeights", [weights, path, metadata]),
    saveOptimiser: (optimiser, path) => call("saveOptimiser", [optimiser, path]),
    loadOptimiser: (optimiser, path) => call("loadOptimiser", [optimiser, path]),
    release: (handle) => call("release", [handle]),
    async close() {
      if (worker.ended()) return;
      await call("close", []);
      await worker.end();
    },
  };
}
