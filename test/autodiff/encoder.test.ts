import { expect, test } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { rng } from "#nearmiss/base/rng.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { bindSymbols } from "#nearmiss/graph/bind.js";
import { evaluateDim } from "#nearmiss/graph/dim.js";
import type { HostTensor } from "#nearmiss/graph/host.js";
import { maskName, type Tensor } from "#nearmiss/graph/index.js";
import { isOp } from "#nearmiss/graph/tensor.js";
import { topological } from "#nearmiss/graph/walk.js";
import { bertNetwork } from "#nearmiss/nn/bert.js";
import { embeddingTop, transformerEncoder } from "#nearmiss/nn/transformer.js";
import { compile } from "../graph/onnxruntime.js";
import { tensor } from "../graph/values.js";

// A whole transformer with dropout, on packed rows in two groups, as it is trained.
const config = {
  vocabSize: 23,
  hiddenSize: 8,
  layers: 2,
  heads: 2,
  intermediateSize: 12,
  maxPositions: 9,
  typeVocabSize: 2,
  layerNormEpsilon: 1e-12,
  activation: "gelu",
} as const;
const encoder = transformerEncoder(
  bertNetwork("bert", config),
  embeddingTop(8, ["mean", "max"], [{ type: "normalize" }]),
);
const random = rng(3);
const sequences = [4, 7, 2, 7].map((length) => ({ ids: Int32Array.from({ length }, () => random.int(23)) }));
const collated = encoder.collate(sequences, 2);
const vectors = encoder.forward({ groups: collated.groups, dropout: 0.1, attentionDropout: 0.25 });
const target = rng(5);
const loss = vectors.mul(vectors.exp()).sum();
const nodes = topological([loss]);
const parameters = new Map<string, HostTensor>();
for (const [name, shape] of encoder.parameters) {
  // Scales around 1, everything else around 0.
  const around = name.includes("LayerNorm.weight") ? 1 : 0;
  parameters.set(
    name,
    tensor(shape, "float32", () => around + 0.3 * target.normal()),
  );
}
const feeds = { ...collated.feeds };
const bindings = bindSymbols(
  nodes.flatMap((node) => {
    if (!isOp(node, "input")) return [];
    const { name } = node.attributes;
    return [{ name, declared: node.shape, found: feeds[name]!.shape }];
  }),
);
for (const node of nodes) {
  if (!isOp(node, "dropoutMask")) continue;
  const { path, rate, shape } = node.attributes;
  const lengths = shape.map((length) => evaluateDim(length, bindings));
  feeds[maskName(path)] = tensor(lengths, "bool", () => Number(random.float() >= rate));
}
const leaves = nodes.filter((node) => node.op === "parameter");
const derived: Record<string, Tensor> = {};
for (const [i, gradient] of gradients(loss, leaves).entries()) {
  const { name } = leaves[i]!.attributes as { readonly name: string };
  if (gradient !== null) derived[`${i}:${name}`] = gradient;
}

test("every parameter of a transformer has a gradient", () => {
  const reached = new Set(Object.keys(derived).map((key) => key.slice(key.indexOf(":") + 1)));
  expect([...reached].sort()).toEqual([...encoder.parameters.keys()].sort());
});

test("the gradient of a transformer equals central differences along random directions", () => {
  const found = evaluate(derived, feeds, parameters);
  for (const seed of [1, 2, 3]) {
    const draw = rng(seed, "direction");
    const direction = new Map(
      [...parameters].map(([name, { shape }]) => [name, tensor(shape, "float32", () => draw.normal())]),
    );
    const at = (step: number) => {
      const moved = [...parameters].map(([name, { shape, data }]): [string, HostTensor] => {
        const along = direction.get(name)!.data;
        return [name, { dtype: "float32", shape, data: Float64Array.from(data, (x, i) => x + step * along[i]!) }];
      });
      return evaluate({ loss }, feeds, new Map(moved))["loss"]!.data[0]!;
    };
    let slope = 0;
    for (const [key, { data }] of Object.entries(found)) {
      const along = direction.get(key.slice(key.indexOf(":") + 1))!.data;
      for (const [i, x] of data.entries()) slope += x * along[i]!;
    }
    const measured = (at(1e-5) - at(-1e-5)) / 2e-5;
    expect(Math.abs(slope - measured)).toBeLessThan(1e-6 * Math.max(1, Math.abs(measured)));
  }
});

test("onnxruntime gives the interpreter's loss and gradients", async () => {
  const inGraph = Object.fromEntries(
    Object.entries({ loss, ...derived }).map(([name, y]) => [name, y.op === "scatterAddRows" ? y.inputs[1]! : y]),
  );
  const wanted = evaluate(inGraph, feeds, parameters);
  const found = await (await compile(inGraph))({ feeds, parameters });
  for (const [name, { data }] of Object.entries(wanted)) {
    const scale = Math.max(1, ...[...data].map(Math.abs));
    for (const [i, x] of data.entries()) expect(Math.abs(found[name]!.data[i]! - x), name).toBeLessThan(2e-5 * scale);
  }
});
