import { InferenceSession } from "onnxruntime-node";
import { expect, test } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { rng } from "#nearmiss/base/rng.js";
import {
  dropout,
  dropoutMask,
  embeddingBag,
  input,
  linear,
  logSumExp,
  mean,
  parameter,
  relu,
  type Tensor,
} from "#nearmiss/graph/index.js";
import { writeOnnx } from "#nearmiss/graph/onnx/write.js";
import { apply } from "#nearmiss/graph/tensor.js";
import { compile } from "./onnxruntime.js";
import { tensor } from "./values.js";

const x = input("x", ["n", 2]);
const floats = (...shape: number[]) => {
  const random = rng(shape.length, ...shape);
  return tensor(shape, "float32", () => random.normal());
};

test("the same expression gives the same bytes", () => {
  const write = () => writeOnnx({ y: linear(input("x", ["n", 2]), parameter("w", [3, 2])).exp() }).model;
  expect(write()).toEqual(write());
});

test("inputs are listed in the order of use, with the leaf they stand for, and only if they are read", () => {
  const table = parameter("table", [9, 2]);
  const bag = embeddingBag(table, input("ids", ["tokens"], "int32"), input("offsets", ["n+1"], "int32"));
  const y = dropout(linear(bag, parameter("w", [2, 2])), dropoutMask(["n", 2], 0.5, "hidden"), 0.5);
  const { inputs } = writeOnnx({ y, z: y.sum([]) });
  expect(inputs.map(({ name, node }) => [name, node.op])).toEqual([
    ["bag:table:ids:offsets", "embeddingBag"],
    ["w", "parameter"],
    ["dropout:hidden", "dropoutMask"],
  ]);
});

test("weights can be stored in the file", async () => {
  const weights = new Map([["w", tensor([3, 2], "float32", (i) => i)]]);
  const { model, inputs } = writeOnnx({ y: linear(x, parameter("w", [3, 2])) }, { parameters: weights });
  expect(inputs.map(({ name }) => name)).toEqual(["x"]);
  const session = await InferenceSession.create(model);
  expect(session.inputNames).toEqual(["x"]);
});

test("one value may have several names, and an input may be an output", async () => {
  const y = x.exp();
  const run = await compile({ a: y, b: y, c: x, d: x.mul(1), twice: y.add(y) });
  const feeds = { x: floats(3, 2) };
  const found = await run({ feeds, parameters: new Map() });
  expect(found["a"]).toEqual(found["b"]);
  expect(found["c"]!.data).toEqual(feeds.x.data);
  expect(found["d"]!.data).toEqual(feeds.x.data);
});

test("names that collide are refused", () => {
  expect(() => writeOnnx({ x: x.exp() })).toThrow(/both called x/);
  expect(() => writeOnnx({ y: x.sum().add(input("x", ["n", 3]).sum()) })).toThrow(/called x and differ/);
  expect(() => writeOnnx({ y: x.sum().add(parameter("x", [2]).sum()) })).toThrow(/called x and differ/);
});

test("a length that no input tells is an error, one that follows from others is solved", async () => {
  expect(() => writeOnnx({ y: input("a", ["n*m"]).reshape(["n", "m"]) })).toThrow(/no input of the graph tells/);
  const logits = input("logits", ["n", "n*k+n"]);
  const run = await compile({
    y: logits.reshape(["k+1", "n", "n"]),
    rest: input("offsets", ["rows+1"])
      .sum()
      .add(apply("size", [], { dim: "rows*k" })),
  });
  const feeds = { logits: floats(2, 8), offsets: tensor([6], "float32", () => 0) };
  const found = await run({ feeds, parameters: new Map() });
  expect(found["y"]!.shape).toEqual([4, 2, 2]);
  expect(found["rest"]!.data).toEqual(Float32Array.of(15));
});

test("a step's results are the same to the bit for 1, 2 and 8 threads", async () => {
  const ids = input("ids", ["n"], "int32");
  const w = parameter("w", [64, 64]);
  const v = parameter("v", [32, 64]);
  const b = parameter("b", [64]);
  const hidden = relu(linear(input("h", ["n", 64]), w, b));
  const logits = linear(hidden, v);
  // Repeated ids: what a racing scatter would get wrong.
  const picked = apply("gather", [v, ids], { axis: 0 });
  const loss = mean(logSumExp(logits, 1)).add(mean(picked.mul(hidden)));
  const [dw, dv, db] = gradients(loss, [w, v, b]) as [Tensor, Tensor, Tensor];
  const parameters = new Map([
    ["w", floats(64, 64)],
    ["v", floats(32, 64)],
    ["b", floats(64)],
  ]);
  const feeds = { h: floats(3000, 64), ids: tensor([3000], "int32", (i) => (i * i) % 7) };
  const results = [];
  for (const threads of [1, 2, 8]) {
    results.push(await (await compile({ loss, dw, dv, db }, threads))({ feeds, parameters }));
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});
