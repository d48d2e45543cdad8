// The thread that owns sessions and weights: serves the calls of onnxruntime.ts.
import { parentPort, workerData } from "node:worker_threads";
import { createWasmHost } from "./host-wasm.js";
import { createLocalEngine } from "./local.js";
import { createWasmSearcher } from "./nearest-wasm.js";
import { buffersOf, type Call, READY, type Reply, toWire } from "./protocol.js";
import { createSession } from "./session.js";
import type { OnnxSource } from "./source.js";

const { threads } = workerData as { readonly threads: number };
const host = createWasmHost({ threads });
const engine = createLocalEngine(
  host,
  (source: OnnxSource) => createSession(source, host, threads),
  createWasmSearcher(host, threads),
);

parentPort?.on("message", async ({ id, method, args }: Call) => {
  let reply: Reply;
  try {
    const serve = engine[method] as (...given: readonly unknown[]) => Promise<unknown>;
    reply = { id, value: await serve(...args) };
  } catch (error) {
    reply = { id, error: toWire(error) };
  }
  parentPort?.postMessage(reply, "value" in reply ? buffersOf(reply.value) : []);
});

parentPort?.postMessage({ id: READY, value: undefined } satisfies Reply);
