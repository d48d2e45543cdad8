import { afterAll, describe, expect, test } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { rng } from "#nearmiss/base/rng.js";
import { int8Limit, int8Spec, type Precision, withPrecision } from "#nearmiss/engine/int8.js";
import { createInterpreterEngine } from "#nearmiss/engine/interpreter.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import type { HostTensor } from "#nearmiss/engine/types.js";
import { input, linear, parameter, type Tensor } from "#nearmiss/graph/index.js";
import { loss } from "#nearmiss/losses/index.js";
import { bertNetwork } from "#nearmiss/nn/bert.js";
import { embeddingTop, transformerEncoder } from "#nearmiss/nn/transformer.js";
import { trainingSpec } from "#nearmiss/train/program.js";

const engines = [await createEngine({ threads: 1 }), await createEngine({ threads: 2 })] as const;
const limit = await int8Limit(engines[0]);
afterAll(async () => {
  for (const engine of engines) await engine.close();
});

const config = {
  vocabSize: 60,
  hiddenSize: 64,
  layers: 2,
  heads: 4,
  intermediateSize: 128,
  maxPositions: 20,
  typeVocabSize: 2,
  layerNormEpsilon: 1e-12,
  activation: "gelu",
} as const;
const encoder = transformerEncoder(bertNetwork("bert", config), embeddingTop(64, ["mean"], [{ type: "normalize" }]));
const random = rng(3);
const sequences = [4, 17, 9, 12, 6, 11].map((length) => ({ ids: Int32Array.from({ length }, () => random.int(60)) }));
const collated = encoder.collate(sequences, 1);
const place = Int32Array.from(collated.place);
const ints = (data: Int32Array): HostTensor => ({ dtype: "int32", shape: [data.length], data });
const vectorPlaces = new Int32Array(place.length);
for (const [text, row] of place.entries()) vectorPlaces[row] = text;
const feeds = {
  ...collated.feeds,
  queryRows: ints(place.slice(0, 3)),
  documentRows: ints(place.slice(3)),
  vectorPlaces: ints(vectorPlaces),
  negatives: { dtype: "bool", shape: [3, 3], data: Uint8Array.of(0, 1, 1, 1, 0, 1, 1, 1, 0) } as HostTensor,
};
const tensors = new Map(
  [...encoder.parameters].map(([name, shape]): [string, HostTensor] => {
    const around = name.includes("LayerNorm.weight") ? 1 : 0;
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => around + 0.1 * random.normal());
    return [name, { dtype: "float32", shape, data }];
  }),
);
const program = trainingSpec(encoder, loss("mnrl"), { groups: 1, dropout: 0, attentionDropout: 0 }, () => {
  throw new Error("no parameters");
});

/** Loss and gradient of one step: plain SGD with learning rate 1 moves weights by it. */
async function gradient(precision: Precision, engine = engines[0]) {
  const spec = precision === "float32" ? program : int8Spec(program, { precision, rows: "tokens", limit });
  const compiled = await engine.compile(spec);
  const weights = await engine.load(tensors);
  const optimiser = await engine.optimiser(weights, { kind: "sgd" });
  const { outputs } = await engine.step({
    program: compiled,
    weights,
    optimiser,
    microBatches: [feeds],
    learningRate: 1,
  });
  const after = await engine.read(weights);
  const moved = new Map(
    [...after].map(([name, { data }]) => [
      name,
      Array.from(data, (x, i) => x - (tensors.get(name)?.data[i] as number)),
    ]),
  );
  return { loss: outputs[0]?.["loss"]?.data[0] as number, moved, bytes: [...after.values()].map(({ data }) => data) };
}

const cosine = (a: readonly number[], b: readonly number[]) => {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

test("the probe finds a limit, and exact products where they are computed in float64", async () => {
  expect([63, 127]).toContain(limit);
  expect(await int8Limit(createInterpreterEngine())).toBe(127);
});

describe.each(["int8", "int8-gradient"] as const)("training in %s", (precision) => {
  test("follows the gradient of float32, parameter by parameter", async () => {
    const [exact, rounded] = [await gradient("float32"), await gradient(precision)];
    if (precision === "int8-gradient") expect(rounded.loss).toBe(exact.loss);
    else expect(rounded.loss).not.toBe(exact.loss);
    expect(Math.abs(rounded.loss - exact.loss)).toBeLessThan(0.02 * exact.loss);
    expect(cosine([...exact.moved.values()].flat(), [...rounded.moved.values()].flat())).toBeGreaterThan(0.99);
    for (const [name, wanted] of exact.moved) {
      const found = rounded.moved.get(name) as number[];
      // Above the last input gradient nothing differs.
      if (precision === "int8") expect(found).not.toEqual(wanted);
      // A key's bias has no gradient: the softmax does not see it.
      if (!name.endsWith("key.bias")) expect(cosine(wanted, found), name).toBeGreaterThan(0.97);
    }
  });

  test("has the same bytes for any number of threads, and the interpreter's values", async () => {
    const [one, two] = [await gradient(precision), await gradient(precision, engines[1])];
    expect(two.bytes).toEqual(one.bytes);
    const spec = int8Spec(program, { precision, rows: "tokens", limit });
    const engine = createInterpreterEngine();
    const weights = await engine.load(tensors);
    const { loss: wanted } = await engine.run(await engine.compile({ outputs: spec.outputs }), feeds, weights);
    expect(one.loss).toBeCloseTo(wanted?.data[0] as number, 3);
  });
});

test("a value that is not finite stays visible", async () => {
  const [engine] = engines;
  const compiled = await engine.compile(int8Spec(program, { precision: "int8", rows: "tokens", limit }));
  const name = "encoder.layer.0.attention.self.value.weight";
  const broken = new Map(tensors);
  const { shape, data } = tensors.get(name) as HostTensor;
  broken.set(name, { dtype: "float32", shape, data: Float32Array.from(data, (x, i) => (i === 5 ? Number.NaN : x)) });
  const weights = await engine.load(broken);
  const optimiser = await engine.optimiser(weights, { kind: "sgd" });
  const step = engine.step({ program: compiled, weights, optimiser, microBatches: [feeds], learningRate: 1 });
  await expect(step).rejects.toMatchObject({ code: "non-finite" });
});

test("a program that trains without a product over tokens is refused", async () => {
  const [x, w] = [input("x", ["rows", 4]), parameter("w", [4, 4])];
  const loss = linear(x, w).square().mean();
  const [gradient] = gradients(loss, [w]) as readonly [Tensor];
  const engine = withPrecision(engines[0], "int8");
  const spec = { outputs: { loss }, gradients: new Map([["w", gradient]]) };
  await expect(engine.compile(spec)).rejects.toMatchObject({ code: "no-int8", exitCode: 2 });
  await engine.release(await engine.compile({ outputs: { loss } }));
});
