// Miners are part of the compiled step: with lengths that only a run knows, in float32, they select what they select in float64.
import { afterAll, beforeAll, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import type { Engine, HostTensor } from "#nearmiss/engine/types.js";
import { input, type Tensor } from "#nearmiss/graph/index.js";
import { miner } from "#nearmiss/miners/index.js";
import { relationsOf } from "#nearmiss/miners/relations.js";
import { tripletTelemetry } from "#nearmiss/miners/telemetry.js";
import type { LabelledBatch, Miner } from "#nearmiss/miners/types.js";
import { range } from "./batch.js";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const dimension = 8;
const batch: LabelledBatch = {
  embeddings: input("embeddings", ["rows", dimension]),
  references: input("references", ["columns", dimension]),
  positive: input("positive", ["rows", "columns"], "bool"),
  negative: input("negative", ["rows", "columns"], "bool"),
  pairs: {
    anchor: input("anchor", ["pairs"], "int32"),
    positive: input("to", ["pairs"], "int32"),
    valid: input("valid", ["pairs"], "bool"),
  },
};
const noise = input("noise", ["rows", "columns"]);

function feeds(rows: number, columns: number, classes: number): Record<string, HostTensor> {
  const generator = rng(3, rows, columns);
  const items = range(columns).map((i) => ({ id: `i${i}`, labels: [`c${generator.int(classes)}`] }));
  const { positive, negative, pairs } = relationsOf(items.slice(0, rows), items);
  const references = Float32Array.from({ length: columns * dimension }, () => generator.normal() + 0.5);
  const bool = (data: Uint8Array, shape: number[]): HostTensor => ({ dtype: "bool", shape, data });
  const count = pairs.anchor.length;
  return {
    embeddings: { dtype: "float32", shape: [rows, dimension], data: references.slice(0, rows * dimension) },
    references: { dtype: "float32", shape: [columns, dimension], data: references },
    positive: bool(positive, [rows, columns]),
    negative: bool(negative, [rows, columns]),
    anchor: { dtype: "int32", shape: [count], data: pairs.anchor },
    to: { dtype: "int32", shape: [count], data: pairs.positive },
    valid: bool(pairs.valid, [count]),
    noise: {
      dtype: "float32",
      shape: [rows, columns],
      data: Float32Array.from({ length: rows * columns }, () => 0.001 + 0.998 * generator.float()),
    },
  };
}

const all: readonly Miner[] = [
  miner("triplet-margin", { type: "semi-hard" }),
  miner("facenet-semi-hard", { fallback: "random" }),
  miner("facenet-semi-hard", { window: "violating", choose: "random" }),
  miner("batch-hard"),
  miner("batch-easy-hard"),
  miner("distance-weighted"),
  miner("multi-similarity"),
  miner("pair-margin"),
  miner("angular"),
  miner("hdc"),
  miner("uniform-histogram", { bins: 5, positivesPerBin: 2, negativesPerBin: 3 }),
];

test("onnxruntime selects what the interpreter selects", async () => {
  for (const one of all) {
    const { kind, ...selected } = one.select(batch, noise);
    const outputs = Object.fromEntries(
      Object.entries(selected).map(([name, node]: [string, Tensor]) => [
        name,
        node.dtype === "bool" ? node.cast("float32") : node,
      ]),
    );
    const program = await engine.compile({ outputs });
    const weights = await engine.load(new Map());
    for (const [rows, columns, classes] of [
      [12, 12, 4],
      [9, 20, 3],
      [5, 5, 1],
    ] as const) {
      const given = feeds(rows, columns, classes);
      const needed = Object.fromEntries(program.inputs.map((name) => [name, given[name] as HostTensor]));
      const got = await engine.run(program, needed, weights);
      const want = evaluate(outputs, given);
      for (const [name, { shape, data }] of Object.entries(want)) {
        expect(got[name]?.shape, `${one.name} ${kind}`).toEqual(shape);
        expect(Array.from(got[name]?.data ?? []), `${one.name} ${name}`).toEqual(Array.from(data));
      }
    }
  }
});

test("telemetry is the same there, of all triplets and of listed ones", async () => {
  const options = { metric: "l2", normalize: true, margin: 0.2 } as const;
  const selection = miner("facenet-semi-hard", { fallback: "hardest" }).select(batch, noise);
  for (const selected of [batch, { ...batch, selection }]) {
    const outputs = { ...tripletTelemetry(selected, options) };
    const program = await engine.compile({ outputs });
    const weights = await engine.load(new Map());
    const given = feeds(9, 20, 3);
    const needed = Object.fromEntries(program.inputs.map((name) => [name, given[name] as HostTensor]));
    const got = await engine.run(program, needed, weights);
    for (const [name, { data }] of Object.entries(evaluate(outputs, given)))
      expect(Math.abs((got[name]?.data[0] as number) - (data[0] as number)), name).toBeLessThan(1e-5);
  }
});
