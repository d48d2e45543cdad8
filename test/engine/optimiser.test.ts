import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { NamedTensor, RawTensor } from "#nearmiss/base/safetensors.js";
import { createReferenceHost } from "#nearmiss/engine/host-reference.js";
import { createWasmHost } from "#nearmiss/engine/host-wasm.js";
import { createOptimiserState } from "#nearmiss/engine/optimiser.js";
import type { OptimiserOptions } from "#nearmiss/engine/types.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const golden = fileURLToPath(new URL("../../../shared/golden/optimizers.json", import.meta.url));

test.skipIf(!existsSync(golden)).each([[], ["--float32"]])("reference values hold (%s)", (...flags) => {
  const run = () => execFileSync(process.execPath, ["test/runners/golden.mjs", golden, ...flags], { cwd: root });
  expect(String(run())).toMatch(/PASS .*14\/14/);
});

const shapes = new Map([
  ["table", [3, 2]],
  ["bias", [2]],
]);

function rawTensors(tensors: readonly NamedTensor[]): Map<string, RawTensor> {
  return new Map(
    tensors.map(({ name, dtype, shape, data }) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
      return [name, { dtype, shape, data: bytes }];
    }),
  );
}

const kinds: readonly OptimiserOptions[] = [
  { kind: "adamw", weightDecay: 0.1 },
  { kind: "adamw", sparse: ["table"] },
  { kind: "sgd", momentum: 0.9, nesterov: true },
  { kind: "sgd" },
];

test.each(kinds)("a restored optimiser continues to the same bytes: %o", (options) => {
  const host = createWasmHost();
  const parameter = host.allocate(6);
  const gradient = host.allocate(6);
  host.values(gradient).set([1, -2, 0, 0, 3, 0.5]);
  const one = { name: "table", parameter, gradient, rows: { ids: Int32Array.of(0, 2), width: 2 } };
  const state = createOptimiserState(host, shapes, options);
  state.apply([one], 0.1, 1);
  state.apply([one], 0.1, 0.5);
  const saved = rawTensors(state.tensors());
  const weights = host.values(parameter).slice();
  state.apply([one], 0.1, 1);
  const wanted = host.values(parameter).slice();

  const other = createOptimiserState(host, shapes, options);
  other.restore(saved);
  host.values(parameter).set(weights);
  other.apply([one], 0.1, 1);
  expect(host.values(parameter)).toEqual(wanted);
  expect(rawTensors(other.tensors())).toEqual(rawTensors(state.tensors()));
});

test("parameters without a gradient are untouched, and each parameter counts its own steps", () => {
  const host = createReferenceHost();
  const weights = { table: host.allocate(6).fill(1), bias: host.allocate(2).fill(1) };
  const gradient = host.allocate(6).fill(0.3);
  const state = createOptimiserState(host, shapes, { kind: "adamw", weightDecay: 0.1 });
  for (let i = 0; i < 3; i++) state.apply([{ name: "table", parameter: weights.table, gradient }], 0.1, 1);
  expect([...weights.bias]).toEqual([1, 1]);
  // The first step of AdamW is the learning rate times the gradient's sign, whenever it comes.
  state.apply([{ name: "bias", parameter: weights.bias, gradient: gradient.subarray(0, 2) }], 0.1, 1);
  expect(weights.bias[0]).toBeCloseTo(1 - 0.1 * 0.1 - 0.1, 6);
});

test("only the parameters that are named decay", () => {
  const host = createReferenceHost();
  const state = createOptimiserState(host, shapes, { kind: "sgd", weightDecay: 0.5, decayed: ["table"] });
  const [table, bias] = [host.allocate(6).fill(1), host.allocate(2).fill(1)];
  const zero = host.allocate(6);
  state.apply(
    [
      { name: "table", parameter: table, gradient: zero },
      { name: "bias", parameter: bias, gradient: zero.subarray(0, 2) },
    ],
    0.1,
    1,
  );
  expect(table[0]).toBeCloseTo(0.95, 12);
  expect(bias[0]).toBe(1);
});

test.each<[OptimiserOptions, string]>([
  [{ kind: "adamw", beta1: 1 }, "beta1"],
  [{ kind: "adamw", weightDecay: -1 }, "weightDecay"],
  [{ kind: "adamw", epsilon: Number.NaN }, "epsilon"],
  [{ kind: "adamw", sparse: ["tabel"] }, "tabel"],
  [{ kind: "adamw", decayed: ["tabel"] }, "tabel"],
  [{ kind: "sgd", nesterov: true }, "nesterov"],
])("options that cannot be meant are refused: %o", (options, named) => {
  const host = createReferenceHost();
  expect(() => createOptimiserState(host, shapes, options)).toThrow(
    expect.objectContaining({ code: "bad-optimiser", message: expect.stringContaining(named) }),
  );
});

test("another optimiser's state is refused and the state kept", () => {
  const host = createReferenceHost();
  const gradient = host.allocate(6).fill(1);
  const step = { name: "table", parameter: host.allocate(6), gradient };
  const adamw = createOptimiserState(host, shapes, { kind: "adamw" });
  adamw.apply([step], 0.1, 1);
  const before = rawTensors(adamw.tensors());
  const sgd = createOptimiserState(host, shapes, { kind: "sgd", momentum: 0.9 });
  sgd.apply([step], 0.1, 1);
  const sparse = createOptimiserState(host, shapes, { kind: "adamw", sparse: ["table"] });
  sparse.apply([step], 0.1, 1);
  const more = new Map(before).set("velocity/table", before.get("first/table")!);
  const unknown = new Map(before).set("first/tabel", before.get("first/table")!);
  for (const state of [rawTensors(sgd.tensors()), rawTensors(sparse.tensors()), more, unknown]) {
    expect(() => adamw.restore(state)).toThrow(expect.objectContaining({ code: "bad-optimiser" }));
  }
  expect(rawTensors(adamw.tensors())).toEqual(before);
});
