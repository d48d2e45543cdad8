import { isMainThread, Worker } from "node:worker_threads";
import { workError } from "../base/errors.js";
import { createGate, lock } from "./gate.js";
import { buffersOf, type Call, fromWire, READY, type Reply, type ServedData } from "./protocol.js";

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** Methods of another thread. */
export interface Calls {
  /** What the buffers of `args` hold is given away. */
  call<T>(method: string, args: readonly unknown[]): Promise<T>;
  /** Whether the thread has ended, or failed. */
  ended(): boolean;
  /** Ends the thread; calls that wait are rejected with `engine-closed`. */
  end(): Promise<void>;
}

/** Starts a file that serves calls (serve.ts) as a thread, which keeps the process alive only while it has something to do. */
export async function startCalls(file: URL, given: unknown): Promise<Calls> {
  const gate = createGate();
  const workerData: ServedData = { given, gate };
  // Flags of the main thread, such as those for a script given in text, may make no sense for a file.
  const worker = new Worker(file, { workerData, execArgv: [] });
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
  const leaving = (): void => lock(gate);
  // A thread of a thread works only while that one does.
  if (isMainThread) process.on("exit", leaving);
  worker.on("exit", () => {
    process.off("exit", leaving);
    end(workError("engine-closed", "the engine is closed"));
  });

  await ready;
  return {
    call: (method, args) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) {
          reject(ended);
          return;
        }
        const call: Call = { id: ++calls, method, args };
        pending.set(call.id, { resolve, reject });
        worker.ref();
        worker.postMessage(call, buffersOf(args));
      }),
    ended: () => ended !== undefined,
    async end() {
      await worker.terminate();
    },
  };
}
