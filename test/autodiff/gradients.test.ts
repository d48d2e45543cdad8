import { expect, test } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import {
  abs,
  acos,
  argMax,
  constant,
  gather,
  gatherRows,
  input,
  iota,
  l2Normalize,
  logSoftmax,
  logSumExp,
  max,
  maximum,
  maxPool2d,
  min,
  parameter,
  relu,
  softmax,
  sort,
  split,
  squaredDistances,
  stopGradient,
  type Tensor,
  topK,
  where,
} from "#nearmiss/graph/index.js";

const rows = (tensor: Tensor | null) => {
  expect(tensor).not.toBeNull();
  return [...evaluate({ y: tensor! })["y"]!.data];
};
/** The gradient of Σ f(x) at fixed values. */
const slope = (values: readonly number[], shape: readonly number[], f: (x: Tensor) => Tensor) => {
  const x = constant(values, shape);
  return rows(gradients(f(x).sum(), [x])[0]!);
};

test("a tie gives the whole gradient to the first element", () => {
  expect(slope([1, 3, 3, 0], [4], (x) => max(x))).toEqual([0, 1, 0, 0]);
  expect(slope([5, 0, 0, 0], [4], (x) => min(x))).toEqual([0, 1, 0, 0]);
  expect(slope([2, 2, 2, 2], [2, 2], (x) => max(x))).toEqual([1, 0, 0, 0]);
  expect(slope([2, 1, 2, 1], [2, 2], (x) => max(x, 0))).toEqual([1, 1, 0, 0]);
  expect(slope([1, 1], [2], (x) => maximum(x, 1))).toEqual([1, 1]);
  expect(slope([4, 4, 4], [3], (x) => topK(x, 1).values)).toEqual([1, 0, 0]);
  expect(slope([7, 7, 7, 7], [1, 1, 2, 2], (x) => maxPool2d(x, 2))).toEqual([1, 0, 0, 0]);
});

test("kinks have a gradient of zero", () => {
  expect(slope([0, -0, 2], [3], relu)).toEqual([0, 0, 1]);
  expect(slope([0, -2], [2], abs)).toEqual([0, -1]);
  expect(slope([1, -1, 0], [3], acos)).toEqual([0, 0, -1]);
});

test("rows of -∞ alone have a value and a gradient, never NaN", () => {
  const x = constant([-Infinity, -Infinity, 0, 0], [2, 2]);
  expect(rows(logSumExp(x, 1))).toEqual([-Infinity, Math.log(2)]);
  expect(rows(softmax(x, 1))).toEqual([0, 0, 0.5, 0.5]);
  expect(rows(logSoftmax(x, 1)).slice(0, 2)).toEqual([-Infinity, -Infinity]);
  const masked = (f: (x: Tensor) => Tensor) =>
    slope([1, 2, 3, 3], [2, 2], (y) => f(where(constant(Uint8Array.of(1, 1, 0, 0), [2, 2]), -Infinity, y)));
  expect(masked((y) => logSumExp(y, 1))).toEqual([0, 0, expect.closeTo(0.5, 12), expect.closeTo(0.5, 12)]);
  expect(masked((y) => softmax(y, 1).square())).toEqual([0, 0, expect.closeTo(0, 12), expect.closeTo(0, 12)]);
});

test("the zero vector normalises to zero, with gradient zero", () => {
  const x = constant([0, 0, 3, 4], [2, 2]);
  expect(rows(l2Normalize(x))).toEqual([0, 0, expect.closeTo(0.6, 12), expect.closeTo(0.8, 12)]);
  expect(slope([0, 0, 3, 4], [2, 2], (y) => l2Normalize(y)).slice(0, 2)).toEqual([0, 0]);
});

test("a vector is at distance exactly zero from itself", () => {
  const x = constant([0.1, 0.2, 0.3, 1e4, 1e4, 1e4], [2, 3]);
  const d = rows(squaredDistances(x, x));
  expect([d[0], d[3]]).toEqual([0, 0]);
});

test("cotangents: the gradient is a vector–Jacobian product, and linear in dy", () => {
  const x = constant([1, 2, 3]);
  const dy = constant([10, 0, -1]);
  expect(rows(gradients(x.square(), [x], dy)[0]!)).toEqual([20, 0, -6]);
  expect(() => gradients(x.square(), [x])).toThrow(/needs a dy/);
  expect(() => gradients(x.square(), [x], constant([1, 2]))).toThrow(/dy is \[2\], y is \[3\]/);
});

test("null where y does not depend on the tensor through anything differentiable", () => {
  const x = constant([1, 2, 3]);
  const other = constant([1, 1, 1]);
  const places = argMax(x).reshape([1]);
  expect(gradients(stopGradient(x).sum(), [x])).toEqual([null]);
  expect(gradients(gather(other, places).sum(), [x])).toEqual([null]);
  expect(gradients(x.sum(), [other])).toEqual([null]);
  expect(gradients(x.cast("int32").cast("float32").sum(), [x])).toEqual([null]);
});

test("paths add up, and a tensor inside the expression has a gradient too", () => {
  const x = constant([2]);
  const y = x.mul(3);
  const z = y.mul(y).add(x).sum();
  const [dx, dy, dz] = gradients(z, [x, y, z]);
  expect([rows(dx!), rows(dy!), rows(dz!)]).toEqual([[37], [12], [1]]);
});

test("parts that are not used count as zero", () => {
  const x = constant([1, 2, 3, 4]);
  const [, second] = split(x, [1, 2, 1]);
  expect(rows(gradients(second!.square().sum(), [x])[0]!)).toEqual([0, 4, 6, 0]);
});

test("a gradient of a gradient", () => {
  const x = constant([0.5, 2]);
  const [first] = gradients(x.pow(3).sum(), [x]);
  const [second] = gradients(first!.sum(), [x]);
  expect(rows(second!)).toEqual([3, 12]);
});

test("sorted values lead back to where they came from", () => {
  expect(slope([3, 1, 2], [3], (x) => sort(x).values.mul(constant([1, 10, 100])))).toEqual([100, 1, 10]);
});

test("an operation without a rule is named", () => {
  const table = parameter("t", [4, 2]);
  const ids = input("ids", ["n"], "int32");
  const [rowsOf] = gradients(gatherRows(table, ids).square().sum(), [table]);
  expect(rowsOf!.op).toBe("scatterAddRows");
  expect(() => gradients(rowsOf!.sum(), [table])).toThrow(/scatterAddRows has no gradient rule/);
  expect(() => gradients(iota(3), [table])).toThrow(/gradient of a int32 tensor/);
});
