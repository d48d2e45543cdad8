import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { inputError, workError } from "../base/errors.js";
import { buffersOf, type Call, fromWire, type Method, READY, type Reply, toSend } from "./protocol.js";
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
  const call = await startWorker(threads);
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
    nearest: async ({ queries, k, floors }, among) =>
      call("nearest", [{ queries: toSend(queries), k, floors: floors?.slice() }, among]),
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
    close: () => call("close", []),
  };
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

type Calls = <T>(method: Method, args: readonly unknown[]) => Promise<T>;

/** A function that has the worker do something; the worker keeps the process alive only while it has something to do. */
async function startWorker(threads: number): Promise<Calls> {
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    workerData: { threads },
    // Flags of the main thread, such as those for a script given in text, may make no sense for a file.
    execArgv: [],
  });
  const pending = new Map<number, Pending>();
  let ended: Error | undefined;
  let calls = 0;

  const settle = (id: number): Pending | undefined => {
    const waiting = pending.get(id);
    pending.delete(id);
    if (pending.size === 0) worker.unref();
    return waiting;
  };
  const end = (error: Error): void => {
    ended ??= error;
    for (const id of pending.keys()) settle(id)?.reject(ended);
  };
  // A process that ends while its worker still loads onnxruntime may hang or abort: nobody has an engine before.
  const ready = new Promise<void>((resolve, reject) => pending.set(READY, { resolve, reject }));
  worker.on("message", (reply: Reply) => {
    const waiting = settle(reply.id);
    if ("error" in reply) waiting?.reject(fromWire(reply.error));
    else waiting?.resolve(reply.value as never);
  });
  worker.on("error", (error) => end(workError("engine-failed", `the engine's thread failed: ${error.message}`)));
  worker.on("exit", () => end(workError("engine-closed", "the engine is closed")));

  const post = <T>(method: Method, args: readonly unknown[]): Promise<T> =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) {
        reject(ended);
        return;
      }
      const call: Call = { id: ++calls, method, args };
      pending.set(call.id, { resolve, reject });
      worker.ref();
      worker.postMessage(call, buffersOf(args));
    });
  await ready;
  return async (method, args) => {
    if (method === "close" && ended !== undefined) return undefined as never;
    const value = await post<never>(method, args);
    if (method === "close") await worker.terminate();
    return value;
  };
}
