import { spawnSync } from "node:child_process";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { createGate, enter, leave, lock } from "#nearmiss/engine/gate.js";

test("work begins where none goes on, and not once the process is leaving", () => {
  const gate = createGate();
  expect(enter(gate)).toBe(false);
  leave(gate);
  expect(enter(gate)).toBe(true);
  leave(gate);
  lock(gate);
  expect(enter(gate)).toBe(false);
});

test("leaving waits for work that goes on in another thread", async () => {
  const gate = createGate();
  const text = `
    import { workerData } from "node:worker_threads";
    setTimeout(() => { Atomics.store(workerData, 0, 0); Atomics.notify(workerData, 0); }, 60);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(text)}`), { workerData: gate });
  lock(gate);
  expect(enter(gate)).toBe(false);
  await worker.terminate();
});

test("a process that ends while the engine computes ends as it wants, in its own time", () => {
  const script = `
    import { createEngine } from "#nearmiss/engine/onnxruntime.js";
    import { input, matmul, parameter } from "#nearmiss/graph/index.js";
    const engine = await createEngine({ threads: 1 });
    const n = 1024;
    const tensor = { dtype: "float32", shape: [n, n], data: new Float32Array(n * n).fill(0.001) };
    const weights = await engine.load(new Map([["w", tensor]]));
    let y = input("x", [n, n]);
    for (let i = 0; i < 8; i++) y = matmul(y, parameter("w", [n, n]));
    const program = await engine.compile({ outputs: { y } });
    for (let i = 0; i < 200; i++) engine.run(program, { x: tensor }, weights);
    setTimeout(() => process.exit(7), Number(process.argv[1]));`;
  for (const after of [0, 30, 150]) {
    const { status, signal, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "-e", script, String(after)],
      { encoding: "utf8", timeout: 30_000 },
    );
    expect({ status, signal, stderr }).toEqual({ status: 7, signal: null, stderr: "" });
  }
});
