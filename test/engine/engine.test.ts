import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { createInterpreterEngine } from "#nearmiss/engine/interpreter.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import type { Engine, HostTensor, OptimiserOptions, StepRequest } from "#nearmiss/engine/types.js";
import { input, parameter } from "#nearmiss/graph/index.js";
import { bags, lookup, type Model, mlp, normals } from "./models.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-engine-"));
const onnx = await createEngine({ threads: 2 });
const interpreter = createInterpreterEngine();
afterAll(async () => {
  await onnx.close();
  rmSync(folder, { recursive: true });
});

async function begin(engine: Engine, model: Model, options: OptimiserOptions) {
  const program = await engine.compile(model.spec);
  const weights = await engine.load(model.weights());
  const optimiser = await engine.optimiser(weights, options);
  const step = (request: Omit<StepRequest, "program" | "weights" | "optimiser">) =>
    engine.step({ program, weights, optimiser, ...request });
  return { program, weights, optimiser, step };
}

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    expect(Math.abs(got[i]! - want[i]!)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(want[i]!)));
  }
}

const optimisers: readonly OptimiserOptions[] = [
  { kind: "adamw", weightDecay: 0.1 },
  { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.01 },
];
const cases: readonly [string, Model, OptimiserOptions][] = [
  ...optimisers.flatMap((options): [string, Model, OptimiserOptions][] => [
    [`an MLP, ${options.kind}`, mlp(), options],
    [`an MLP with dropout, ${options.kind}`, mlp({ rate: 0.25 }), options],
    [`embedding bags, ${options.kind}`, bags(), options],
    [`rows of a table, ${options.kind}`, lookup(), options],
    [`embedding bags of odd width, ${options.kind}`, bags({ width: 7 }), options],
  ]),
  ["rows of a table, sparse-adamw", lookup(), { kind: "adamw", sparse: ["table"] }],
  ["embedding bags, sparse-adamw", bags(), { kind: "adamw", weightDecay: 0.1, sparse: ["table"] }],
];

test.each(cases)("training equals the float64 interpreter: %s", async (_, model, options) => {
  const [got, want] = [await begin(onnx, model, options), await begin(interpreter, model, options)];
  for (let step = 0; step < 6; step++) {
    const request = {
      microBatches: [model.feeds(5 + step, step, 0), ...(step % 2 === 0 ? [] : [model.feeds(3, step, 1)])],
      learningRate: 0.05,
      dropout: { seed: 7, step },
      ...(step > 2 ? { maxNorm: 0.05 } : {}),
    };
    const [g, w] = [await got.step(request), await want.step(request)];
    expectClose([g.gradientNorm], [w.gradientNorm], 1e-5);
    expect(g.outputs.length).toBe(request.microBatches.length);
    for (const [i, outputs] of w.outputs.entries()) {
      for (const [name, output] of Object.entries(outputs)) {
        expect(g.outputs[i]![name]!.shape).toEqual(output.shape);
        expectClose(g.outputs[i]![name]!.data, output.data, 1e-4);
      }
    }
  }
  const [gotWeights, wantWeights] = [await onnx.read(got.weights), await interpreter.read(want.weights)];
  for (const [name, { data }] of wantWeights) {
    expectClose(gotWeights.get(name)!.data, data, 2e-4);
    expect(model.weights().get(name)!.data).not.toEqual(gotWeights.get(name)!.data);
  }
});

test("the update uses the mean of the micro-batches", async () => {
  const model = mlp();
  const options: OptimiserOptions = { kind: "sgd" };
  const [one, two] = [await begin(onnx, model, options), await begin(onnx, model, options)];
  const feeds = model.feeds(4, "same");
  const single = await one.step({ microBatches: [feeds], learningRate: 0.1 });
  const double = await two.step({ microBatches: [feeds, feeds], learningRate: 0.1 });
  expect(double.gradientNorm).toBe(single.gradientNorm);
  expect(await onnx.read(two.weights)).toEqual(await onnx.read(one.weights));
});

test("dropout is a function of seed, step and micro-batch", async () => {
  const model = mlp({ rate: 0.5 });
  const { program, weights } = await begin(onnx, model, { kind: "sgd" });
  const feeds = model.feeds(8);
  const loss = async (seed: number, step: number) => (await onnx.run(program, feeds, weights, { seed, step }))["loss"];
  expect(await loss(1, 2)).toEqual(await loss(1, 2));
  expect(await loss(1, 2)).not.toEqual(await loss(1, 3));
  expect(await loss(1, 2)).not.toEqual(await loss(2, 2));
  await expect(onnx.run(program, feeds, weights)).rejects.toMatchObject({ code: "missing-dropout" });
  await expect(
    interpreter.run(await interpreter.compile(model.spec), feeds, await interpreter.load(model.weights())),
  ).rejects.toMatchObject({ code: "missing-dropout" });
});

test("a step gives the same bytes with 1, 2 and 8 threads", async () => {
  const model = mlp({ width: 96, hidden: 257, out: 65, rate: 0.1 });
  const feeds = [0, 1, 2].map((step) => model.feeds(130, step));
  const results = [];
  for (const threads of [1, 2, 8]) {
    const engine = await createEngine({ threads });
    const { weights, step } = await begin(engine, model, { kind: "adamw" });
    const losses = [];
    for (const [i, batch] of feeds.entries()) {
      const { outputs, gradientNorm } = await step({
        microBatches: [batch],
        learningRate: 0.01,
        maxNorm: 1,
        dropout: { seed: 1, step: i },
      });
      losses.push(gradientNorm, outputs);
    }
    results.push([losses, await engine.read(weights)]);
    await engine.close();
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test("the caller's event loop goes on during a step", async () => {
  const size = 1200;
  let x = input("x", [size, size]);
  const w = parameter("w", [size, size]);
  for (let i = 0; i < 12; i++) x = x.matmul(w, { alpha: 1 / 40 });
  const program = await onnx.compile({ outputs: { y: x.mean() } });
  const weights = await onnx.load(new Map([["w", normals([size, size], "w")]]));
  const running = onnx.run(program, { x: normals([size, size], "x") }, weights);
  let done = false;
  void running.then(() => {
    done = true;
  });
  let ticks = 0;
  while (!done) {
    await setImmediate();
    ticks++;
  }
  expect(ticks).toBeGreaterThan(50);
});

describe.each([
  ["onnxruntime", onnx],
  ["interpreter", interpreter],
])("%s", (kind, engine) => {
  test("weights and optimiser come back from files to the bit, and go on to the same bytes", async () => {
    for (const [i, [, model, options]] of cases.entries()) {
      const name = (what: string): string => join(folder, `${kind}-${i}-${what}`);
      const { program, weights, optimiser, step } = await begin(engine, model, options);
      const request = (n: number) => ({
        microBatches: [model.feeds(6, n)],
        learningRate: 0.05,
        dropout: { seed: 1, step: n },
      });
      await step(request(0));
      await step(request(1));
      await engine.saveWeights(weights, name("weights"));
      await engine.saveOptimiser(optimiser, name("optimiser"));
      await step(request(2));

      const restored = await engine.loadFile(name("weights"));
      const other = await engine.optimiser(restored, options);
      await engine.loadOptimiser(other, name("optimiser"));
      await engine.saveWeights(restored, name("weights-again"));
      await engine.saveOptimiser(other, name("optimiser-again"));
      expect(readFileSync(name("weights-again"))).toEqual(readFileSync(name("weights")));
      expect(readFileSync(name("optimiser-again"))).toEqual(readFileSync(name("optimiser")));

      await engine.step({ program, weights: restored, optimiser: other, ...request(2) });
      expect(await engine.read(restored)).toEqual(await engine.read(weights));
    }
  });

  test.each([
    ["the loss", (feeds: HostTensor) => feeds.data.fill(Number.NaN)],
    ["the gradient of first.weight", (feeds: HostTensor) => feeds.data.fill(1e30)],
  ])("a step where %s is not finite throws and changes nothing", async (what, spoil) => {
    const model = mlp();
    const held = await begin(engine, model, { kind: "adamw" });
    const good = { microBatches: [model.feeds(4)], learningRate: 0.1 };
    await held.step(good);
    const save = async (what: string) => {
      await engine.saveWeights(held.weights, join(folder, `${what}-w`));
      await engine.saveOptimiser(held.optimiser, join(folder, `${what}-o`));
      return [readFileSync(join(folder, `${what}-w`)), readFileSync(join(folder, `${what}-o`))];
    };
    const before = await save("before");
    const bad = structuredClone(model.feeds(4));
    spoil(bad["x"]!);
    const spec = { ...model.spec, outputs: what === "the loss" ? model.spec.outputs : {} };
    const program = await engine.compile(spec);
    const failing = engine.step({ ...held, ...good, program, microBatches: [model.feeds(4), bad] });
    // float64 does not overflow where float32 does: only the first case is for both engines.
    if (kind === "interpreter" && what !== "the loss") await failing;
    else {
      await expect(failing).rejects.toMatchObject({ code: "non-finite", exitCode: 1 });
      await expect(failing).rejects.toThrow(what);
      expect(await save("after")).toEqual(before);
    }
  });

  test("after a failed step a table's gradient starts from zero again", async () => {
    const model = bags();
    const [one, two] = [await begin(engine, model, { kind: "sgd" }), await begin(engine, model, { kind: "sgd" })];
    const bad = structuredClone(model.feeds(4, "bad"));
    bad["document.ids"]!.data[0] = 40;
    await expect(one.step({ microBatches: [model.feeds(3), bad], learningRate: 0.1 })).rejects.toMatchObject({
      code: "index",
    });
    for (const { step } of [one, two]) await step({ microBatches: [model.feeds(3, "good")], learningRate: 0.1 });
    expect(await engine.read(one.weights)).toEqual(await engine.read(two.weights));
  });

  test("ema moves a set towards another, and sets of other shapes are refused", async () => {
    const tensor = (...data: number[]): HostTensor => ({
      dtype: "float32",
      shape: [data.length],
      data: Float32Array.from(data),
    });
    const target = await engine.load(new Map([["w", tensor(1, 2, 3, 4, 5)]]));
    const source = await engine.load(new Map([["w", tensor(5, 4, 3, 2, 1)]]));
    await engine.ema(target, source, 0.75);
    expect([...(await engine.read(target)).get("w")!.data]).toEqual([2, 2.5, 3, 3.5, 4]);
    expect([...(await engine.read(source)).get("w")!.data]).toEqual([5, 4, 3, 2, 1]);
    const other = await engine.load(new Map([["w", tensor(1)]]));
    await expect(engine.ema(other, source, 0.5)).rejects.toMatchObject({ code: "bad-weight" });
    await expect(engine.write(other, new Map([["w", tensor(1, 2)]]))).rejects.toMatchObject({ code: "bad-weight" });
    await expect(engine.read(other, ["v"])).rejects.toMatchObject({ code: "missing-weight" });
  });

  test("misuse is one clear error, with its parts", async () => {
    const model = mlp();
    const { program, weights, optimiser } = await begin(engine, model, { kind: "sgd" });
    const feeds = model.feeds(4);
    const { x, target } = feeds as { x: HostTensor; target: HostTensor };
    const run = (given: Record<string, HostTensor>) => engine.run(program, given, weights);
    await expect(run({ x })).rejects.toMatchObject({ code: "missing-input", detail: { field: "target" }, exitCode: 2 });
    await expect(run({ x, target: normals([5, 3]) })).rejects.toMatchObject({ code: "shape" });
    await expect(run({ x, target: { ...target, dtype: "int32" } })).rejects.toMatchObject({ code: "shape" });
    const few = await engine.load(new Map([["first.bias", normals([10])]]));
    await expect(engine.run(program, feeds, few)).rejects.toMatchObject({
      code: "missing-weight",
      detail: { field: "first.weight" },
    });
    const step = { program, weights, optimiser, microBatches: [feeds], learningRate: 0.1 };
    await expect(engine.step({ ...step, weights: few })).rejects.toMatchObject({ code: "bad-optimiser" });
    await expect(engine.step({ ...step, microBatches: [] })).rejects.toMatchObject({ code: "empty-batch" });
    await expect(engine.step({ ...step, learningRate: Number.NaN })).rejects.toMatchObject({ code: "bad-optimiser" });
    await engine.release(program);
    await expect(run({ x, target })).rejects.toMatchObject({ code: "released" });
    await engine.release(weights);
    await expect(engine.read(weights)).rejects.toMatchObject({ code: "released" });
  });
});

test("views into larger buffers are sent as they are, and stay usable", async () => {
  const program = await onnx.compile({ outputs: { y: input("x", ["n"]).mul(parameter("w", [])) } });
  const weights = await onnx.load(new Map([["w", { dtype: "float32", shape: [], data: Float64Array.of(3) }]]));
  const data = new Float32Array(100).fill(7).subarray(10, 13);
  const { y } = await onnx.run(program, { x: { dtype: "float32", shape: [3], data } }, weights);
  expect([...y!.data]).toEqual([21, 21, 21]);
  expect([...data]).toEqual([7, 7, 7]);
});

test("a closed engine refuses, and closing twice is no error", async () => {
  const engine = await createEngine();
  await engine.close();
  await engine.close();
  await expect(engine.load(new Map())).rejects.toMatchObject({ code: "engine-closed" });
});

test.each([0, 1.5])("%f threads are refused", async (threads) => {
  await expect(createEngine({ threads })).rejects.toMatchObject({ code: "bad-threads" });
});

test("a process that leaves its engine open ends by itself", () => {
  const script = `
    import { createEngine } from "#nearmiss/engine/onnxruntime.js";
    import { embeddingBag, input, parameter } from "#nearmiss/graph/index.js";
    // A table so large that several threads work on it.
    const [rows, width] = [5000, 64];
    const engine = await createEngine({ threads: 3 });
    const bags = embeddingBag(parameter("table", [rows, width]), input("ids", ["ids"], "int32"), input("offsets", ["bags + 1"], "int32"));
    const program = await engine.compile({ outputs: { y: bags.add(1) } });
    const table = { dtype: "float32", shape: [rows, width], data: new Float32Array(rows * width).fill(2) };
    const weights = await engine.load(new Map([["table", table]]));
    const list = (...values) => ({ dtype: "int32", shape: [values.length], data: Int32Array.from(values) });
    console.log((await engine.run(program, { ids: list(1, 4, 7), offsets: list(0, 1, 3) }, weights)).y.data[0]);`;
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 30_000 });
  expect(String(out)).toBe("3\n");
});
