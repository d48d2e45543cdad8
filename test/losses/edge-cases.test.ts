// Where other libraries' losses break: each line is one of their defects.
import { expect, test } from "vitest";
import { constant } from "#nearmiss/graph/index.js";
import { losses } from "#nearmiss/losses/catalogue.js";
import { lossOf } from "#nearmiss/losses/index.js";
import { miner } from "#nearmiss/miners/index.js";
import type { Selection } from "#nearmiss/miners/types.js";
import { compile } from "../graph/onnxruntime.js";
import { batchOf, type Example, example, range } from "../miners/batch.js";
import { type Given, graphOf, lossAndGradients, parametersOf, type Vectors } from "./labelled.js";

const names = losses.filter(({ kinds }) => (kinds as readonly string[]).includes("labelled")).map(({ name }) => name);
const rows = range(6).map((i) => range(4).map((j) => Math.sin(1 + 3.7 * i + 1.3 * j * j) + 0.1 * i));
const unique = example(rows, ["a", "b", "c", "d", "e", "f"]);
const equal = example(
  rows,
  range(6).map(() => "a"),
);
const mixed = example(rows, ["a", "a", "b", "b", "b", "c"]);

function given(name: string, example: Example, classes: readonly number[], selection?: Selection): Given {
  const learned = parametersOf(name, {}, 4, 6).map(({ name, shape: [count = 0, width] }): [string, Vectors] => [
    name,
    width === undefined
      ? range(count).map(() => 1.1)
      : range(count).map((c) => range(width).map((j) => Math.cos(0.3 + 2.3 * c + 1.7 * j))),
  ]);
  return {
    example,
    classes,
    parameters: Object.fromEntries(learned),
    ...(selection === undefined ? {} : { selection }),
  };
}

const finite = ({ loss, gradients }: ReturnType<typeof lossAndGradients>) =>
  Number.isFinite(loss) && [...gradients.values()].every((values) => values.every(Number.isFinite));

// Losses that are defined with one side missing keep the value of their formula.
const oneSided = {
  unique: [
    "multi-similarity",
    "ranked-list",
    "margin",
    "threshold-consistent-margin",
    "intra-pair-variance",
    "signal-to-noise-contrastive",
    "contrastive-linear",
    "contrastive-hadsell",
    "online-contrastive",
  ],
  equal: [
    "supcon",
    "fastap",
    "multi-similarity",
    "ranked-list",
    "margin",
    "threshold-consistent-margin",
    "intra-pair-variance",
    "signal-to-noise-contrastive",
    "contrastive-linear",
    "contrastive-hadsell",
    "online-contrastive",
  ],
};
const ofClasses = names.filter((name) => parametersOf(name, {}, 4, 6).some(({ shape }) => shape.length === 2));

test.each(names)("%s is defined where all labels differ and where all are the same", (name) => {
  const results = {
    unique: lossAndGradients(name, {}, given(name, unique, range(6))),
    equal: lossAndGradients(
      name,
      {},
      given(
        name,
        equal,
        range(6).map(() => 0),
      ),
    ),
  };
  for (const side of ["unique", "equal"] as const) {
    expect(finite(results[side]), side).toBe(true);
    if (oneSided[side].includes(name) || ofClasses.includes(name)) continue;
    expect(Math.abs(results[side].loss), side).toBeLessThan(1e-12);
    expect(
      results[side].gradients.get("embeddings")?.every((x) => x === 0),
      side,
    ).toBe(true);
  }
});

test.each(names)("%s of an empty selection is 0, not everything", (name) => {
  const none = constant(new Uint8Array(36), [6, 6]);
  const index = constant(Int32Array.of(0));
  const selections: Selection[] = [
    { kind: "pairs", positive: none, negative: none },
    { kind: "triplets", anchor: index, positive: index, negatives: constant(new Uint8Array(6), [1, 6]) },
  ];
  for (const selection of selections) {
    const found = lossAndGradients(name, {}, given(name, mixed, [0, 0, 1, 1, 1, 2], selection));
    expect(found.loss).toBe(0);
    expect([...found.gradients.values()].flat().every((x) => x === 0)).toBe(true);
  }
});

test.each(names)("%s has finite gradients where rows are equal, in float64 and in float32", async (name) => {
  const [first = [], , third = []] = rows;
  const doubled = first.map((x) => 2 * x);
  const same = example([first, first, third, first, doubled, third], ["a", "a", "b", "b", "a", "b"]);
  const collapsed = example(
    range(6).map(() => first),
    ["a", "a", "b", "b", "a", "b"],
  );
  for (const batch of [same, collapsed]) {
    const all = given(name, batch, [0, 0, 1, 1, 0, 1]);
    // A row that lies on its class's weight, and one opposite to it.
    const learned = Object.entries(all.parameters ?? {}).map(([key, values]): [string, Vectors] => [
      key,
      typeof values[0] === "number"
        ? values
        : (values as number[][]).map((row, c) => (c === 0 ? [...first] : c === 1 ? first.map((x) => -x) : row)),
    ]);
    const inputs = { ...all, parameters: Object.fromEntries(learned) };
    expect(finite(lossAndGradients(name, {}, inputs))).toBe(true);
    const { outputs, feeds } = graphOf(name, {}, inputs);
    const results = await (await compile(outputs))({ feeds, parameters: new Map() });
    for (const [key, { data }] of Object.entries(results)) {
      expect(Array.from(data as Float32Array).every(Number.isFinite), key).toBe(true);
    }
  }
});

test.each(names)("%s in float32 is what it is in float64", async (name) => {
  const inputs = given(name, mixed, [0, 0, 1, 1, 1, 2]);
  const { outputs, feeds } = graphOf(name, {}, inputs);
  const results = await (await compile(outputs))({ feeds, parameters: new Map() });
  const want = lossAndGradients(name, {}, inputs);
  const close = (found: number, wanted: number, scale: number) =>
    expect(Math.abs(found - wanted)).toBeLessThan(1e-4 * Math.max(1, scale));
  close(results["loss"]?.data[0] as number, want.loss, Math.abs(want.loss));
  for (const [key, values] of want.gradients) {
    const scale = Math.max(...values.map(Math.abs));
    const found = Array.from(results[`d ${key}`]?.data as Float32Array);
    for (const [i, value] of values.entries()) close(found[i] as number, value, scale);
  }
});

test.each(names)("%s of a row that is not a number is no healthy step", async (name) => {
  const broken = { ...mixed, rows: rows.map((row, i) => (i === 1 ? row.map(() => Number.NaN) : row)) };
  const inputs = given(name, broken, [0, 0, 1, 1, 1, 2]);
  expect(finite(lossAndGradients(name, {}, inputs))).toBe(false);
  const { outputs, feeds } = graphOf(name, {}, inputs);
  const results = await (await compile(outputs))({ feeds, parameters: new Map() });
  const all = [results["loss"], results["d embeddings"]].flatMap((one) => Array.from(one?.data as Float32Array));
  expect(all.every(Number.isFinite)).toBe(false);
});

test("supcon at temperature 0.005 on a hard positive keeps its value and its gradient", () => {
  const hard = example(
    [
      [1, 0],
      [-1, 0.1],
      [1, 0.1],
    ],
    ["a", "a", "b"],
  );
  const { loss, gradients } = lossAndGradients("supcon", { temperature: 0.005 }, { example: hard });
  expect(loss).toBeGreaterThan(200);
  expect(Math.hypot(...(gradients.get("embeddings") ?? []))).toBeGreaterThan(1);
});

test("the angular loss does not follow the scale of the vectors", () => {
  const larger = { ...mixed, rows: rows.map((row) => row.map((x) => 10 * x)) };
  const [one, ten] = [mixed, larger].map((example) => lossAndGradients("angular", {}, { example }).loss);
  expect(ten).toBeCloseTo(one as number, 9);
});

test("labels are compared exactly, as strings, as large integers, and several an item", () => {
  const loss = (labels: readonly string[]) => lossAndGradients("supcon", {}, { example: example(rows, labels) }).loss;
  const words = loss(["cat", "cat", "dog", "dog", "dog", "constructor"]);
  // 2²⁴ and 2²⁴ + 1 are one number in float32, 2⁵³ and 2⁵³ + 1 in float64.
  expect(loss(["16777216", "16777216", "16777217", "16777217", "16777217", "9"])).toBe(words);
  expect(
    loss(["9007199254740992", "9007199254740992", "9007199254740993", "9007199254740993", "9007199254740993", "9"]),
  ).toBe(words);
  const several = { ...mixed, items: mixed.items.map((item, i) => (i === 5 ? { ...item, labels: ["a", "b"] } : item)) };
  const found = lossAndGradients("supcon", {}, { example: several });
  expect(found.telemetry["anchors"]).toBe(6);
  expect(finite(found)).toBe(true);
});

test("losses with parameters of classes refuse items with several labels by name", () => {
  const { parameters = {} } = given("arcface", mixed, []);
  expect(() => lossAndGradients("arcface", {}, { example: mixed, parameters })).toThrow(/one label an item/);
});

test.each([
  ["batch-semi-hard-triplet", { fallback: "seminard" }],
  ["supcon", { variant: "outside" }],
  ["margin", { form: "pair" }],
  ["lifted-structure", { metric: "cosine" }],
  ["angular", { alphaDegrees: 89 }],
  ["supcon", { temprature: 1 }],
])("%s refuses %o", (name, options) => {
  expect(() => lossOf(name).create(options)).toThrow(expect.objectContaining({ code: "bad-option" }));
});

test("an older copy of a row in the memory is neither its positive nor its negative", () => {
  const older = { ...mixed, memory: [rows[0] as number[]], memoryItems: [{ id: "i0", labels: ["a"] }] };
  const { loss } = lossAndGradients("supcon", {}, { example: older });
  const other = { ...older, memoryItems: [{ id: "other", labels: ["a"] }] };
  expect(loss).not.toBe(lossAndGradients("supcon", {}, { example: other }).loss);
});

test("what a miner chooses of a memory is what the loss takes", () => {
  const memory = range(5).map((i) => range(4).map((j) => Math.cos(2 + 1.9 * i + 0.7 * j * j)));
  const earlier = ["b", "a", "c", "c", "a"].map((label, i) => ({ id: `earlier ${i}`, labels: [label] }));
  const example = { ...mixed, memory, memoryItems: earlier };
  const selection = miner("batch-hard", { metric: "l2", normalize: false }).select(batchOf(example));
  const options = { metric: "l2", margin: 2 };
  const mined = lossAndGradients("triplet-margin", options, { example, selection });
  const direct = lossAndGradients("batch-hard-triplet", options, { example });
  expect(mined.loss).toBeCloseTo(direct.loss, 9);
  const [a = [], b = []] = [mined, direct].map(({ gradients }) => gradients.get("embeddings"));
  for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i] as number, 9);
});
