import { parentPort } from "node:worker_threads";
import { buffersOf, type Call, READY, type Reply, toWire } from "./protocol.js";

/** Serves, in a thread, the calls of calls.ts by the methods of an object. */
export function serveCalls(methods: object): void {
  parentPort?.on("message", async ({ id, method, args }: Call) => {
    let reply: Reply;
    try {
      const serve = methods[method as keyof typeof methods] as (...given: readonly unknown[]) => unknown;
      reply = { id, value: await serve(...args) };
    } catch (error) {
      reply = { id, error: toWire(error) };
    }
    parentPort?.postMessage(reply, "value" in reply ? buffersOf(reply.value) : []);
  });
  parentPort?.postMessage({ id: READY, value: undefined } satisfies Reply);
}
