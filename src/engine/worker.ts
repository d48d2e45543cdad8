// The thread that owns sessions and weights: serves the calls of onnxruntime.ts.
import { workerData } from "node:worker_threads";
import { createWasmHost } from "./host-wasm.js";
import { createLocalEngine } from "./local.js";
import { createSharedSearcher } from "./nearest-shared.js";
import { createWasmSearcher } from "./nearest-wasm.js";
import type { ServedData } from "./protocol.js";
import { serveCalls } from "./serve.js";
import { createSession } from "./session.js";
import type { OnnxSource } from "./source.js";

const { threads } = (workerData as ServedData<{ readonly threads: number }>).given;
const host = createWasmHost({ threads });
serveCalls(
  createLocalEngine(
    host,
    (source: OnnxSource) => createSession(source, host, threads),
    createSharedSearcher(createWasmSearcher(host, threads), createWasmSearcher(host, 1), threads),
  ),
);
