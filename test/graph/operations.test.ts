import { expect, test } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { gradientRules } from "#nearmiss/autodiff/rules/index.js";
import { rng } from "#nearmiss/base/rng.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import type { HostTensor } from "#nearmiss/graph/host.js";
import { input, type Tensor } from "#nearmiss/graph/index.js";
import { type Case, cases, composites } from "./cases.js";
import { compile } from "./onnxruntime.js";
import { defaultSizes, type Example, example, tensor } from "./values.js";

const edgeOps = new Set(["scatterAddRows", "embeddingBagGradient"]);
const listed = [
  ...Object.entries(cases).flatMap(([op, list]) => list.map((one, i) => ({ op, one, name: `${op} ${i}` }))),
  ...Object.entries(composites).map(([op, one]) => ({ op, one, name: op })),
];

test.each(Object.entries(cases))("%s has a case", (_, list) => expect(list.length).toBeGreaterThan(0));

for (const { op, one, name } of listed) {
  test(`${name}: onnxruntime equals the interpreter, with one file for all lengths`, async () => {
    const outputs = example(one, defaultSizes[0]!).outputs;
    if (edgeOps.has(op)) return expect(() => compile(outputs)).rejects.toThrow(/edge of a graph/);
    const run = await compile(outputs);
    for (const sizes of one.sizes ?? defaultSizes) {
      const given = example(one, sizes);
      expectClose(await run(given), evaluate(given.outputs, given.feeds, given.parameters));
    }
  });

  test(`${name}: gradients equal central differences, and onnxruntime's`, async () => {
    const sample = example(one, defaultSizes[0]!);
    const { wanted, derived } = derivatives(op, one, sample);
    if (derived === null) return;
    const run = isEdge(derived) ? null : await compile({ ...sample.outputs, ...derived });
    for (const sizes of one.sizes ?? defaultSizes) {
      const given = withCotangents(example(one, sizes));
      const found = evaluate({ ...given.outputs, ...derived }, given.feeds, given.parameters);
      for (const leaf of wanted)
        expectClose({ [leaf]: found[`d:${leaf}`]! }, { [leaf]: differences(given, leaf) }, 1e-6);
      if (run !== null) expectClose(await run(given), found);
    }
  });
}

/** The gradients of a case's float outputs with cotangents r0, r1 …, by leaf; null where the operation has none. */
function derivatives(op: string, one: Case, { leaves, outputs }: Example) {
  const wanted = Object.keys(one.inputs).filter((name) => leaves[name]!.dtype === "float32");
  const variable = wanted.map((name) => leaves[name]!);
  const floats = Object.entries(outputs).filter(([name, y]) => name.startsWith("y") && y.dtype === "float32");
  const rule = gradientRules[op as keyof typeof gradientRules];
  if (rule === "none") {
    expect(() => gradients(outputs["y0"]!, variable, outputs["y0"])).toThrow(/no gradient rule/);
    return { wanted, derived: null };
  }
  const sums = variable.map(() => null as Tensor | null);
  for (const [name, y] of floats) {
    gradients(y, variable, input(`r:${name}`, y.shape)).forEach((gradient, i) => {
      if (gradient !== null) sums[i] = sums[i]?.add(gradient) ?? gradient;
    });
  }
  const reached = wanted.filter((_, i) => sums[i] !== null);
  if (typeof rule === "function" && floats.length > 0) expect(reached).toEqual(wanted);
  if (op === "stopGradient" || op === "sign") expect(reached).toEqual([]);
  for (const [i, gradient] of sums.entries()) if (gradient) expect(gradient.shape).toEqual(variable[i]!.shape);
  const derived = Object.fromEntries(reached.map((name) => [`d:${name}`, sums[wanted.indexOf(name)]!]));
  return { wanted: reached, derived: reached.length === 0 ? null : derived };
}

function isEdge(outputs: Readonly<Record<string, Tensor>>): boolean {
  return Object.values(outputs).some(({ op }) => edgeOps.has(op));
}

function withCotangents(given: Example): Example {
  const values = evaluate(given.outputs, given.feeds, given.parameters);
  const random = rng(7);
  const cotangents = Object.entries(values).map(([name, { shape }]) => [
    `r:${name}`,
    tensor(shape, "float32", () => random.normal()),
  ]);
  return { ...given, feeds: { ...given.feeds, ...Object.fromEntries(cotangents) } };
}

/** Central differences of Σ r ∘ y in one leaf, in float64. */
function differences({ outputs, feeds, parameters }: Example, leaf: string): HostTensor {
  const start = feeds[leaf] ?? parameters.get(leaf)!;
  const values = Float64Array.from(start.data);
  const at = (): number => {
    const moved: HostTensor = { ...start, data: values };
    const found = evaluate(
      outputs,
      leaf in feeds ? { ...feeds, [leaf]: moved } : feeds,
      parameters.has(leaf) ? new Map(parameters).set(leaf, moved) : parameters,
    );
    let sum = 0;
    for (const [name, y] of Object.entries(found)) {
      if (!name.startsWith("y") || y.dtype !== "float32") continue;
      const r = feeds[`r:${name}`]!;
      for (const [i, value] of y.data.entries()) if (Number.isFinite(value)) sum += value * r.data[i]!;
    }
    return sum;
  };
  const step = 1e-5;
  const data = values.slice().map((value, i) => {
    values[i] = value + step;
    const above = at();
    values[i] = value - step;
    const below = at();
    values[i] = value;
    return (above - below) / (2 * step);
  });
  return { ...start, data };
}

/** Within a relative tolerance of the largest element (at least 1). */
function expectClose(
  found: Readonly<Record<string, HostTensor>>,
  wanted: Readonly<Record<string, HostTensor>>,
  tolerance = 1e-5,
): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, { dtype, shape, data }] of Object.entries(wanted)) {
    const other = found[name]!;
    expect([name, other.dtype, other.shape]).toEqual([name, dtype, shape]);
    const scale = Math.max(1, ...[...data].filter(Number.isFinite).map(Math.abs));
    for (const [i, x] of data.entries()) {
      const y = other.data[i]!;
      if (Number.isFinite(x))
        expect(Math.abs(x - y), `${name}[${i}]: ${y} for ${x}`).toBeLessThanOrEqual(tolerance * scale);
      else expect(y).toBe(x);
    }
  }
}
