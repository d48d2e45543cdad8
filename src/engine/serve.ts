import { parentPort, workerData } from "node:worker_threads";
import { enter, leave } from "./gate.js";
import { buffersOf, type Call, READY, type Reply, type ServedData, toWire } from "./protocol.js";
import { createQueue } from "./queue.js";

/** Serves, in a thread, the calls of calls.ts by the methods of an object, one after another. */
export function serveCalls(methods: object): void {
  const { gate } = workerData as ServedData;
  const serial = createQueue();
  const serve = async ({ id, method, args }: Call): Promise<void> => {
    if (!enter(gate)) return;
    let reply: Reply;
    try {
      const one = methods[method as keyof typeof methods] as (...given: readonly unknown[]) => unknown;
      reply = { id, value: await one(...args) };
    } catch (error) {
      reply = { id, error: toWire(error) };
    } finally {
      leave(gate);
    }
    parentPort?.postMessage(reply, "value" in reply ? buffersOf(reply.value) : []);
  };
  parentPort?.on("message", (call: Call) => serial(() => serve(call)));
  leave(gate);
  parentPort?.postMessage({ id: READY, value: undefined } satisfies Reply);
}
