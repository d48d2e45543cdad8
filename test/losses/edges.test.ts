// What every loss over pairs, scored pairs, lists, vectors and tokens must bear: nothing to compare, equal rows, one row, long vectors, NaN.
import { describe, expect, test } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { constant, input, type Tensor } from "#nearmiss/graph/index.js";
import { losses } from "#nearmiss/losses/catalogue.js";
import { lossOf } from "#nearmiss/losses/index.js";
import type { LossOutput } from "#nearmiss/losses/types.js";
import { compile } from "../graph/onnxruntime.js";
import { maskNode, normal, range } from "./numbers.js";

const rows = 4;
const dimension = 3;
const needed: Readonly<Record<string, object>> = { "matryoshka-mnrl": { dims: [3, 2] }, mochi: { topN: 3 } };

/** Rows of vectors by the names of inputs, and what else a kind of batch needs; without `apart` nothing is a negative. */
const kinds: Record<
  string,
  { columns: Record<string, number>; batch: (nodes: Record<string, Tensor>, apart: boolean, n: number) => unknown }
> = {
  pairs: {
    columns: { queries: 1, documents: 2, queue: 1, guideQueries: 1, guideDocuments: 2 },
    batch: (nodes, apart, n) => {
      const mask = (width: number, f: (i: number, j: number) => boolean) =>
        maskNode(range(n).map((i) => range(width).map((j) => apart && f(i, j))));
      return {
        queries: nodes["queries"],
        documents: nodes["documents"],
        negatives: mask(2 * n, (i, j) => i !== j),
        own: mask(2 * n, (i, j) => j === n + i),
        queue: { vectors: nodes["queue"], negatives: mask(n, () => true) },
        mixing: {
          pairs: constant(
            range(n).flatMap(() => [0, Math.min(1, n - 1), 0.5]),
            [n, 1, 3],
          ),
          withQuery: constant(
            range(n).flatMap(() => [0, 0.25]),
            [n, 1, 2],
          ),
        },
        guide: { queries: nodes["guideQueries"], documents: nodes["guideDocuments"] },
        teacher: constant(range(2 * n * n).map(Math.sin), [n, 2 * n]),
        samplingProbabilities: constant(range(2 * n).map((j) => 0.1 + 0.05 * j)),
      };
    },
  },
  scored: {
    columns: { first: 1, second: 1 },
    batch: (nodes, apart, n) => ({
      first: nodes["first"],
      second: nodes["second"],
      labels: constant(range(n).map((i) => (apart ? i % 2 : 1))),
    }),
  },
  logits: {
    columns: { scores: 1 },
    batch: (nodes, apart, n) => ({
      scores: nodes["scores"],
      teacher: nodes["scores"],
      positive: maskNode(range(n).map(() => range(dimension).map((j) => j === 0))),
      negative: maskNode(range(n).map(() => range(dimension).map((j) => apart && j > 0))),
    }),
  },
  vectors: { columns: { a: 1, b: 2 }, batch: (nodes) => ({ columns: [nodes["a"], nodes["b"]] }) },
  tokens: {
    columns: { logits: 1 },
    batch: (nodes, apart, n) => ({
      logits: nodes["logits"],
      targets: constant(Int32Array.from(range(n), (i) => i % dimension)),
      counted: maskNode([range(n).map(() => apart)]).reshape([n]),
    }),
  },
};

const listed = losses.flatMap(({ name, kinds: own }) =>
  own.filter((kind) => kind in kinds).map((kind) => ({ name, kind: kind as string })),
);

interface Situation {
  readonly apart?: boolean;
  readonly n?: number;
  readonly value?: (x: number, place: number) => number;
}

/** The outputs and feeds of a loss in some situation; the vectors are random but for `value`. */
function situated(name: string, kind: string, { apart = true, n = rows, value = (x) => x }: Situation) {
  const { columns, batch } = kinds[kind]!;
  const nodes = Object.fromEntries(
    Object.entries(columns).map(([key, times]) => [key, input(key, [times * n, dimension])]),
  );
  const options = needed[name] ?? {};
  const made = lossOf(name).create(name === "mochi" ? { topN: Math.min(3, n) } : options);
  const learned = Object.fromEntries(
    made.parameters({ dimension, classes: 0 }).map((one) => [one.name, constant([1], [1])]),
  );
  const build = made.build[kind as keyof typeof made.build] as (
    batch: unknown,
    parameters: (name: string) => Tensor,
  ) => LossOutput;
  const { loss, telemetry } = build(batch(nodes, apart, n), (parameter) => learned[parameter]!);
  const keys = Object.keys(columns);
  const found = gradients(loss, Object.values(nodes));
  const feeds = Object.fromEntries(
    keys.map((key) => [
      key,
      {
        dtype: "float32" as const,
        shape: [columns[key]! * n, dimension],
        data: Float32Array.from(normal(1, key, columns[key]! * n, dimension).flat(), value),
      },
    ]),
  );
  const shown = Object.entries(telemetry).map(([key, node]) => [`telemetry ${key}`, node] as const);
  return {
    outputs: {
      loss,
      ...Object.fromEntries(shown),
      ...Object.fromEntries(keys.flatMap((key, i) => (found[i] ? [[`d ${key}`, found[i]!]] : []))),
    },
    feeds,
  };
}

const numbers = (results: Record<string, { data: ArrayLike<number> }>) =>
  Object.values(results).flatMap(({ data }) => Array.from(data));

describe.each(listed)("$name of $kind", ({ name, kind }) => {
  const finite: Record<string, Situation> = {
    "nothing to compare": { apart: false },
    "one row": { n: 1 },
    "one row alone": { n: 1, apart: false },
    "equal rows": { value: (_, place) => [0.3, -0.4, 0.5][place % dimension]! },
    "vectors of zeros": { value: () => 0 },
    "long vectors": { value: (x) => 1e4 * x },
  };
  test.each(Object.entries(finite))("%s: value and gradient are finite", (_, situation) => {
    const { outputs, feeds } = situated(name, kind, situation);
    for (const x of numbers(evaluate(outputs, feeds, new Map()))) expect(Number.isFinite(x)).toBe(true);
  });

  test("onnxruntime agrees on equal rows; a row of NaN makes the loss NaN in both: it never looks healthy", async () => {
    const { outputs: all, feeds } = situated(name, kind, finite["equal rows"]!);
    // Telemetry counts what is above 0, which rounding decides here.
    const outputs = Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith("telemetry")));
    const run = await compile(outputs);
    const wanted = numbers(evaluate(outputs, feeds, new Map()));
    const found = numbers(await run({ feeds, parameters: new Map() }));
    for (const [i, x] of wanted.entries())
      expect(Math.abs(found[i]! - x)).toBeLessThanOrEqual(2e-5 * Math.max(1, Math.abs(x)));
    const broken = situated(name, kind, { value: (x, place) => (place < dimension ? Number.NaN : x) }).feeds;
    expect(evaluate(outputs, broken, new Map())["loss"]!.data[0]).toBeNaN();
    expect((await run({ feeds: broken, parameters: new Map() }))["loss"]!.data[0]).toBeNaN();
  });
});
