// One case or more for every operation: the compiler asks for them when an operation is added.

import type { Rng } from "#nearmiss/base/rng.js";
import {
  abs,
  absoluteDistances,
  acos,
  argMax,
  argMin,
  attention,
  avgPool2d,
  broadcastTo,
  clip,
  concat,
  constant,
  conv2d,
  cumulativeSum,
  type Dim,
  type DType,
  diagonal,
  dropout,
  dropoutMask,
  embeddingBag,
  erf,
  fill,
  gather,
  gatherRows,
  gelu,
  geluGate,
  geluTanh,
  input,
  iota,
  l2Normalize,
  layerNorm,
  linear,
  logSoftmax,
  logSumExp,
  max,
  maximum,
  maxPool2d,
  mean,
  mergeRows,
  min,
  minimum,
  type OpName,
  pad,
  parameter,
  partitionRows,
  permuteRows,
  relu,
  type Shape,
  sigmoid,
  sign,
  size,
  slice,
  softmax,
  softplus,
  sort,
  split,
  squaredDistances,
  stopGradient,
  type Tensor,
  takeAlongAxis,
  tanh,
  topK,
  type WindowOptions,
  where,
} from "#nearmiss/graph/index.js";
import { apply } from "#nearmiss/graph/tensor.js";

export interface Given {
  readonly shape: Shape;
  readonly dtype?: DType;
  readonly parameter?: true;
  /** Element i of n. */
  readonly value: (rng: Rng, i: number, n: number, sizes: ReadonlyMap<string, number>) => number;
}

export interface Case {
  readonly inputs: Readonly<Record<string, Given>>;
  readonly build: (t: Readonly<Record<string, Tensor>>) => Tensor | readonly Tensor[];
  /** Symbols n, m, k by default 3, 4, 2 and 5, 2, 3. */
  readonly sizes?: readonly ReadonlyMap<string, number>[];
}

type Build = Case["build"];
type T = Readonly<Record<string, Tensor>>;

const normal = (...shape: Dim[]): Given => ({ shape, value: (rng) => rng.normal() });
const positive = (...shape: Dim[]): Given => ({ shape, value: (rng) => 0.2 + 2 * rng.float() });
const table = (...shape: Dim[]): Given => ({ ...normal(...shape), parameter: true });
const bool = (...shape: Dim[]): Given => ({ shape, dtype: "bool", value: (rng) => rng.int(2) });
const index = (limit: Dim, ...shape: Dim[]): Given => ({
  shape,
  dtype: "int32",
  value: (rng, _, __, sizes) => rng.int(typeof limit === "number" ? limit : (sizes.get(limit) ?? 1)),
});
const int = (...shape: Dim[]): Given => ({ shape, dtype: "int32", value: (rng) => rng.int(9) - 4 });
const steps = (shape: Shape, f: (i: number, n: number) => number): Given => ({
  shape,
  dtype: "int32",
  value: (_, i, n) => f(i, n),
});

/** Every `period`-th value is the greatest. */
const whole = (greatest: number, period: number, ...shape: Dim[]): Given => ({
  shape,
  value: (rng, i) => (i % period === 0 ? greatest : rng.int(2 * greatest + 1) - greatest),
});

const one = (build: (x: Tensor) => Tensor | readonly Tensor[], given = normal("n", "m")): Case => ({
  inputs: { x: given },
  build: ({ x }) => build(x!),
});
/** Same shape, one axis of length 1, a missing axis, both sides repeated, a scalar. */
const binary = (build: (a: Tensor, b: Tensor) => Tensor, given = normal): Case[] =>
  [
    [given("n", "m"), given("n", "m")],
    [given("n", "m"), given("n", 1)],
    [given("m"), given("n", "m")],
    [given("n", 1), given(1, "m")],
    [given("n", 2, "m"), given()],
  ].map(([a, b]) => ({ inputs: { a: a!, b: b! }, build: ({ a, b }) => build(a!, b!) }));

/** Pictures [rows, channels, height, width] with kernels [out, height, width]. */
const convolution = (
  rows: Dim,
  [channels, height, width]: readonly [number, number, number],
  [out, tall, wide]: readonly [number, number, number],
  options: WindowOptions = {},
): Case => ({
  inputs: { x: normal(rows, channels, height, width), w: normal(out, channels, tall, wide) },
  build: ({ x, w }) => conv2d(x!, w!, options),
});

const rowsOf: Build = ({ x, first, second, inverse }: T) => partitionRows(x!, [first!, second!], inverse!);
/** Rows 0, 2, 4 … go to the first part, 1, 3, 5 … to the second. */
const evenOdd = {
  first: steps(["n", 2], (i) => 2 * i),
  second: steps(["2*n"], (i) => 2 * i + 1),
  inverse: steps(["4*n"], (i, n) => (i % 2 === 0 ? i / 2 : n / 2 + (i - 1) / 2)),
};
const heads = { q: normal("n", 2, "m", 4), k: normal("n", 2, "k", 4), v: normal("n", 2, "k", 3) };

export const cases: { readonly [O in OpName]: readonly Case[] } = {
  input: [one((x) => x)],
  parameter: [one((x) => x, table(3, 4))],
  constant: [
    one((x) => x.add(constant([1, -2.5])), normal("n", 2)),
    one((x) => where(constant(Uint8Array.of(1, 0)), x, 0), normal("n", 2)),
    one((x) => x.add(constant(Int32Array.of(5, 6))), int("n", 2)),
  ],
  fill: [
    one((x) => [fill(2.5, ["n", "m"]), fill(-3, ["n*m"], "int32"), x]),
    one((x) => x.equal(2), int("n")),
    one((x) => [x.mul(fill(3, ["n", "m"])), x.less(0).or(fill(1, ["m"], "bool"))]),
  ],
  iota: [one((x) => [iota("n*m"), x])],
  size: [one((x) => [size("n*m+2*n-1"), mean(x)]), one((x) => mean(x, [0, 2]), normal("n", "m", 3))],
  dropoutMask: [
    one((x) => dropout(x, dropoutMask(["n", "m"], 0.1, "path"), 0.1)),
    one((x) => [dropoutMask(["n", "m"], 0.5, "one").and(dropoutMask(["n", "m"], 0.5, "two")), x]),
  ],

  add: [...binary((a, b) => a.add(b)), ...binary((a, b) => a.add(b), int)],
  sub: [...binary((a, b) => a.sub(b)), one((x) => x.sub(2))],
  mul: [...binary((a, b) => a.mul(b)), one((x) => x.mul(x))],
  div: binary((a, b) => a.div(b), positive),
  pow: [...binary((a, b) => a.pow(b), positive), one((x) => x.pow(3)), one((x) => x.pow(-0.5), positive("n"))],
  minimum: binary(minimum),
  maximum: [...binary(maximum), one((x) => maximum(x, 0)), ...binary(maximum, int)],
  equal: [
    one((x) => x.equal(x)),
    ...binary((a, b) => a.equal(b), int),
    { inputs: { a: bool("n", 1), b: bool("m") }, build: ({ a, b }) => a!.equal(b!) },
  ],
  less: [...binary((a, b) => a.less(b)), ...binary((a, b) => a.greater(b), int)],
  lessOrEqual: [...binary((a, b) => a.lessOrEqual(b), int), one((x) => x.greaterOrEqual(x))] as unknown as [
    Case,
    ...Case[],
  ],
  and: binary((a, b) => a.and(b), bool),
  or: binary((a, b) => a.or(b), bool),
  where: [
    { inputs: { c: bool("n", "m"), a: normal("n", 1), b: normal("m") }, build: ({ c, a, b }) => where(c!, a!, b!) },
    { inputs: { c: bool("n", 1), a: normal("m") }, build: ({ c, a }) => where(c!, a!, 0.5) },
    { inputs: { c: bool("n", "m"), a: int("n", "m") }, build: ({ c, a }) => where(c!, 7, a!) },
  ],

  neg: [one((x) => x.neg())],
  exp: [one((x) => x.exp())],
  log: [one((x) => x.log(), positive("n", "m"))],
  sqrt: [one((x) => x.sqrt(), positive("n", "m"))],
  abs: [one(abs)],
  acos: [one((x) => acos(tanh(x)))],
  sign: [one(sign)],
  erf: [one(erf), one((x) => erf(x.mul(3)))],
  tanh: [one(tanh)],
  sigmoid: [one((x) => sigmoid(x.mul(9)))],
  softplus: [one((x) => softplus(x.mul(9)))],
  relu: [one(relu)],
  not: [one((x) => x.not(), bool("n"))],
  clip: [
    one((x) => clip(x, { min: -0.5, max: 0.75 })),
    one((x) => clip(x, { min: 0.1 })),
    one((x) => clip(x, { max: 2 }), int("n")),
  ],
  cast: [
    one((x) => x.cast("int32")),
    one((x) => x.cast("bool")),
    one((x) => x.cast("float32"), int("n")),
    one((x) => x.cast("float32"), bool("n")),
  ],
  stopGradient: [one((x) => stopGradient(x.exp()))],

  sum: [
    one((x) => [x.sum(), x.sum(0), x.sum(1), x.sum(0, { keepDims: true }), x.sum(-1, { keepDims: true })]),
    one((x) => [x.sum([0, 2]), x.sum([1, 2], { keepDims: true }), x.sum([])], normal("n", "m", 3)),
    one((x) => x.sum(0), int("n", "m")),
  ],
  max: [
    one((x) => [max(x), max(x, 0), max(x, 1, { keepDims: true })]),
    one((x) => max(x, [0, 2]), normal("n", "m", 3)),
  ],
  min: [one((x) => [min(x), min(x, 0), min(x, 1, { keepDims: true })]), one((x) => min(x, 0), int("n", "m"))],
  argMax: [one((x) => [argMax(x), argMax(x, 0, { keepDims: true })]), one((x) => argMax(x), index(2, "n", 9))],
  argMin: [one((x) => [argMin(x), argMin(x, 0, { keepDims: true })]), one((x) => argMin(x), index(2, "n", 9))],
  logSumExp: [
    one((x) => [logSumExp(x.mul(50), 1), logSumExp(x, 0, { keepDims: true })]),
    { inputs: { x: normal("n", "m"), c: bool("n", "m") }, build: ({ x, c }) => logSumExp(where(c!, -Infinity, x!), 1) },
  ],
  softmax: [
    one((x) => {
      const nothing = where(x.equal(x), -Infinity, x);
      return [softmax(nothing, 1), logSumExp(nothing, 1), logSoftmax(nothing, 1)];
    }),
    one((x) => [softmax(x.mul(20), 1), softmax(x, 0), logSoftmax(x, 1)]),
    { inputs: { x: normal("n", "m"), c: bool("n", "m") }, build: ({ x, c }) => softmax(where(c!, -Infinity, x!), 1) },
  ],
  cumulativeSum: [
    one((x) => [cumulativeSum(x, 1), cumulativeSum(x, 0, { exclusive: true })]),
    one((x) => [cumulativeSum(x, 1, { reverse: true }), cumulativeSum(x, 1, { reverse: true, exclusive: true })]),
    one((x) => cumulativeSum(x, 0), int("n", "m")),
  ],
  topK: [
    one((x) => Object.values(topK(x, 2))),
    one((x) => Object.values(topK(x, 1, 0, { largest: false }))),
    one((x) => [...Object.values(sort(x)), ...Object.values(sort(x, 0, { descending: true }))]),
    one((x) => Object.values(sort(x, 1, { descending: true })), index(2, "n", 9)),
  ],

  matmul: [
    ...[false, true].flatMap((transposeA) =>
      [false, true].flatMap((transposeB) =>
        [[], ["k"], ["k", 2]].map(
          (batch): Case => ({
            inputs: {
              a: normal(...batch, ...(transposeA ? [3, "n"] : ["n", 3])),
              b: normal(...batch, ...(transposeB ? ["m", 3] : [3, "m"])),
            },
            build: ({ a, b }) => a!.matmul(b!, { transposeA, transposeB, alpha: transposeA ? 0.3 : 1 }),
          }),
        ),
      ),
    ),
    { inputs: { a: normal("k", "n", 3), b: normal(3, "m") }, build: ({ a, b }) => a!.matmul(b!) },
    {
      inputs: { a: normal("k", 1, "n", 3), b: normal(2, "m", 3) },
      build: ({ a, b }) => a!.matmul(b!, { transposeB: true }),
    },
    { inputs: { a: normal("n", 3), b: normal("m", 3) }, build: ({ a, b }) => a!.matmul(b!.transpose(), { alpha: 2 }) },
  ],
  // Whole numbers whose greatest in each row is that of the type, so that nothing is rounded.
  int8Linear: [
    {
      inputs: { x: whole(127, 4, "n", 4), w: whole(63, 4, 6, 4), b: table(6) },
      build: ({ x, w, b }) =>
        apply("int8Linear", [x!, w!, b!], { alpha: 0.5, beta: 0.25, transposed: false, limit: 63 }),
    },
    {
      inputs: { x: whole(127, 4, "n", 4), w: whole(63, 1, 4, 3) },
      build: ({ x, w }) => apply("int8Linear", [x!, w!], { alpha: 1, beta: 1, transposed: true, limit: 63 }),
    },
  ],
  linear: [
    { inputs: { x: normal("n", 3), w: table(4, 3), b: table(4) }, build: ({ x, w, b }) => linear(x!, w!, b!) },
    {
      inputs: { x: normal("n", "m", 3), w: table(2, 3), b: table(2) },
      build: ({ x, w, b }) => linear(x!, w!, b!, { alpha: 0.5, beta: 0.25 }),
    },
    { inputs: { x: normal("n", 3), w: table(4, 3) }, build: ({ x, w }) => linear(x!, w!) },
  ],
  attention: [
    { inputs: heads, build: ({ q, k, v }) => attention(q!, k!, v!) },
    { inputs: { ...heads, mask: normal("n", 1, 1, "k") }, build: ({ q, k, v, mask }) => attention(q!, k!, v!, mask!) },
    {
      inputs: { ...heads, mask: normal(1, 2, "m", "k"), keep: bool("n", 2, "m", "k") },
      build: ({ q, k, v, mask, keep }) =>
        attention(q!, k!, v!, mask!, { scale: 0.7, dropout: { mask: keep!, rate: 0.25 } }),
    },
    {
      inputs: { ...heads, keep: bool("n", 2, "m", "k") },
      build: ({ q, k, v, keep }) => attention(q!, k!, v!, undefined, { dropout: { mask: keep!, rate: 0.1 } }),
    },
  ],
  layerNorm: [
    { inputs: { x: normal("n", 5), g: normal(5), b: normal(5) }, build: ({ x, g, b }) => layerNorm(x!, g!, b!) },
    {
      inputs: { x: normal("n", "m", 5), g: normal(5) },
      build: ({ x, g }) => layerNorm(x!, g!, undefined, { epsilon: 0.1 }),
    },
  ],
  squaredDistances: [
    { inputs: { a: normal("n", 3), b: normal("m", 3) }, build: ({ a, b }) => squaredDistances(a!, b!) },
    one((x) => squaredDistances(x, x), normal("n", 3)),
  ],
  weightedDifferences: [
    {
      inputs: { w: normal("n", "m"), a: normal("n", 3), b: normal("m", 3) },
      build: ({ w, a, b }) => apply("weightedDifferences", [w!, a!, b!], {}),
    },
  ],
  conv2d: [
    convolution("n", [2, 5, 4], [3, 3, 2]),
    convolution("n", [1, 6, 7], [2, 3, 3], { stride: 2, padding: 1 }),
    convolution("n", [2, 5, 6], [3, 2, 3], { stride: [2, 3], padding: [0, 2] }),
  ],
  conv2dInputGradient: [
    {
      inputs: { y: normal("n", 3, 2, 3), w: normal(3, 2, 3, 2) },
      build: ({ y, w }) =>
        apply("conv2dInputGradient", [y!, w!], { strides: [2, 1], pads: [1, 0, 1, 0], size: [4, 4] }),
    },
  ],
  conv2dKernelGradient: [
    {
      inputs: { x: normal("n", 2, 4, 4), y: normal("n", 3, 2, 3) },
      build: ({ x, y }) =>
        apply("conv2dKernelGradient", [x!, y!], { strides: [2, 1], pads: [1, 0, 1, 0], size: [3, 2] }),
    },
  ],
  maxPool2d: [
    one((x) => [maxPool2d(x, 2), avgPool2d(x, 2)], normal("n", "m", 4, 6)),
    one((x) => maxPool2d(x, 3, { stride: 2, padding: 1 }), normal("n", 2, 5, 6)),
    one((x) => avgPool2d(x, [2, 3], { stride: [2, 1], padding: [0, 1] }), normal("n", 2, 5, 6)),
  ],
  absoluteDistances: [
    { inputs: { a: normal("n", 3), b: normal("m", 3) }, build: ({ a, b }) => absoluteDistances(a!, b!) },
    one((x) => absoluteDistances(x, x.exp()), normal("n", 19)),
  ],
  weightedSigns: [
    {
      inputs: { w: normal("n", "m"), a: normal("n", 9), b: normal("m", 9) },
      build: ({ w, a, b }) => apply("weightedSigns", [w!, a!, b!], {}),
    },
  ],
  geluGate: [one(geluGate), one((x) => [gelu(x), geluTanh(x)])],

  reshape: [
    one((x) => [x.reshape(["m", "n"]), x.reshape([-1]), x.reshape(["n*m", 1])]),
    one((x) => [x.reshape(["n", "m", 3, 2]), x.reshape([-1, 2])], normal("n", "m", 6)),
    one((x) => x.reshape(["n", "m", 2]), normal("2*n*m")),
  ],
  broadcastTo: [
    one((x) => [broadcastTo(x, ["n", "m"]), broadcastTo(x, ["k", "n", "m"])], normal("n", 1)),
    { inputs: { x: normal(1, "m"), y: normal("n", "k") }, build: ({ x, y }) => [broadcastTo(x!, ["n*k", "m"]), y!] },
  ],
  transpose: [one((x) => [x.transpose(), x.transpose([2, 0, 1])], normal("n", "m", 3))],
  squeeze: [one((x) => [x.squeeze([0, 2]), x.squeeze(-1)], normal(1, "n", 1))],
  unsqueeze: [one((x) => [x.unsqueeze(0), x.unsqueeze([1, -1])])],
  slice: [
    one((x) => [slice(x, 0, 1), slice(x, 1, -2, -1), slice(x, 0, 1, 3)]),
    one((x) => [slice(x, 0, 0, "n"), slice(x, 0, "n")], normal("n+m", 2)),
  ],
  pad: [one((x) => [pad(x, 0, 2, 1), pad(x, 1, "n", 0)])],
  concat: [
    { inputs: { a: normal("n", 2), b: normal("m", 2) }, build: ({ a, b }) => concat([a!, b!, a!]) },
    { inputs: { a: normal("n", "m"), b: normal("n", 3) }, build: ({ a, b }) => concat([a!, b!], -1) },
  ],
  split: [
    one((x) => split(x, ["n", 1, "m"]), normal("n+m+1", 2)),
    one((x) => split(x, [1, 3], 1).slice(1), normal("n", 4)),
  ],
  part: [one((x) => topK(x, 1).values)],

  gather: [
    { inputs: { x: normal("n", 3), i: index("n", "m", 2) }, build: ({ x, i }) => gather(x!, i!) },
    { inputs: { x: normal("n", 3, 2), i: index(3, "m") }, build: ({ x, i }) => gather(x!, i!, 1) },
    { inputs: { x: normal("n", "m"), i: index("m") }, build: ({ x, i }) => gather(x!, i!, -1) },
  ],
  int8Gather: [
    { inputs: { x: whole(127, 3, 5, 3), i: index(5, "n", 2) }, build: ({ x, i }) => apply("int8Gather", [x!, i!], {}) },
    {
      inputs: { x: { ...whole(127, 3, 5, 3), parameter: true }, i: index(5, "m") },
      build: ({ x, i }) => apply("int8Gather", [x!, i!], {}),
    },
  ],
  takeAlongAxis: [
    { inputs: { x: normal("n", "m"), i: index("m", "n", 5) }, build: ({ x, i }) => takeAlongAxis(x!, i!) },
    { inputs: { x: normal("n", "m"), i: index("n", 2, "m") }, build: ({ x, i }) => takeAlongAxis(x!, i!, 0) },
    one(diagonal, normal("n", "n+n*k")),
  ],
  scatterAdd: [
    {
      inputs: { x: normal("n", 5), i: index("m", "n", 5) },
      build: ({ x, i }) => apply("scatterAdd", [x!, i!], { axis: 1, shape: ["n", "m"] }),
    },
  ],
  partitionRows: [
    { inputs: { x: normal("4*n", 3), ...evenOdd }, build: rowsOf },
    { inputs: { x: normal("4*n", 3, 2), ...evenOdd }, build: (t) => rowsOf(t) },
    { inputs: { x: normal("4*n", 3), ...evenOdd }, build: (t) => (rowsOf(t) as Tensor[])[1]! },
    {
      inputs: { x: normal("n", 3), i: steps(["n"], (i, n) => n - 1 - i), j: steps(["n"], (i, n) => n - 1 - i) },
      build: ({ x, i, j }) => permuteRows(x!, i!, j!),
    },
  ],
  mergeRows: [
    {
      inputs: { a: normal("n", 2, 3), b: normal("2*n", 3), ...evenOdd },
      build: ({ a, b, first, second, inverse }) => mergeRows([a!, b!], [first!, second!], inverse!),
    },
  ],

  gatherRows: [{ inputs: { x: table(5, 3), i: index(5, "n", 2) }, build: ({ x, i }) => gatherRows(x!, i!) }],
  embeddingBag: [
    {
      inputs: {
        x: table(5, 3),
        i: index(5, "2*n"),
        o: steps(["n+2"], (i) => (i === 1 ? 0 : Math.max(0, 2 * i - 2))),
      },
      build: ({ x, i, o }) => embeddingBag(x!, i!, o!),
    },
  ],
  scatterAddRows: [
    {
      inputs: { i: index(5, "n", 2), y: normal("n", 2, 3) },
      build: ({ i, y }) => apply("scatterAddRows", [i!, y!], { rows: 5 }),
    },
  ],
  embeddingBagGradient: [
    {
      inputs: { i: index(5, "2*n"), o: steps(["n+1"], (i) => 2 * i), y: normal("n", 3) },
      build: ({ i, o, y }) => apply("embeddingBagGradient", [i!, o!, y!], { rows: 5 }),
    },
  ],
};

/** Composites that are worth a gradient check of their own. */
export const composites: Readonly<Record<string, Case>> = {
  l2Normalize: one((x) => l2Normalize(x)),
  contrastive: {
    inputs: { q: normal("n", 3), d: normal("n+n*k", 3), known: bool("n", "n+n*k") },
    build: ({ q, d, known }) => {
      const logits = l2Normalize(q!).matmul(l2Normalize(d!), { transposeB: true }).mul(5);
      const own = iota("n").unsqueeze(1).equal(iota("n+n*k").unsqueeze(0));
      return mean(logSumExp(where(known!.and(own.not()), -Infinity, logits), 1).sub(diagonal(logits)));
    },
  },
};

/** The leaves of a case. */
export function leaves(inputs: Case["inputs"]): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, given]) => [
      name,
      given.parameter ? parameter(name, given.shape) : input(name, given.shape, given.dtype),
    ]),
  );
}
