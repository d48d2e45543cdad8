import { expect, test } from "vitest";
import { createWasmHost } from "#nearmiss/engine/host-wasm.js";
import { createLocalEngine } from "#nearmiss/engine/local.js";
import { createWasmSearcher } from "#nearmiss/engine/nearest-wasm.js";
import { createSession } from "#nearmiss/engine/session.js";
import { createSource, type OnnxSource } from "#nearmiss/engine/source.js";
import { bags, mlp } from "./models.js";

/** The onnxruntime engine without its thread, so that its memory can be looked at. */
function createInThread() {
  const host = createWasmHost();
  const compile = (source: OnnxSource) => createSession(source, host, 1);
  return { host, engine: createLocalEngine(host, compile, createWasmSearcher(host, 1)) };
}

test.each([
  ["an MLP with dropout", mlp({ rate: 0.2 })],
  ["embedding bags", bags()],
])("steps and runs give back all they took, also when they fail: %s", async (_, model) => {
  const { host, engine } = createInThread();
  const program = await engine.compile(createSource(model.spec));
  const weights = await engine.load(model.weights());
  const optimiser = await engine.optimiser(weights, { kind: "adamw" });
  const step = (rows: number, n: number) =>
    engine.step({
      program,
      weights,
      optimiser,
      microBatches: [model.feeds(rows, n, 0), model.feeds(rows + 1, n, 1)],
      learningRate: 0.1,
      dropout: { seed: 1, step: n },
    });
  await step(3, 0);
  const used = host.used();
  for (let n = 1; n < 30; n++) {
    await step(n, n);
    await engine.run(program, model.feeds(2 * n), weights, { seed: 1, step: n });
    expect(host.used()).toBe(used);
  }
  const poisoned = new Map([...model.weights()].map(([name, tensor]) => [name, structuredClone(tensor)]));
  for (const { data } of poisoned.values()) data.fill(Number.NaN);
  await engine.write(weights, poisoned);
  await expect(step(4, 30)).rejects.toMatchObject({ code: "non-finite" });
  expect(host.used()).toBe(used);
  await engine.release(optimiser);
  await engine.release(weights);
  expect(host.used()).toBe(0);
});

test("weights beyond 2 GiB train as any others", async () => {
  const losses = [];
  for (const before of [0, 2 ** 31]) {
    const { host, engine } = createInThread();
    // Room that nobody touches costs no memory.
    host.allocateRaw(before / 4);
    const model = mlp({ rate: 0.2 });
    const program = await engine.compile(createSource(model.spec));
    const weights = await engine.load(model.weights());
    const optimiser = await engine.optimiser(weights, { kind: "adamw" });
    for (let step = 0; step < 3; step++) {
      const microBatches = [model.feeds(5, step)];
      const dropout = { seed: 1, step };
      losses.push(await engine.step({ program, weights, optimiser, microBatches, learningRate: 0.1, dropout }));
    }
  }
  expect(losses.slice(3)).toEqual(losses.slice(0, 3));
});
