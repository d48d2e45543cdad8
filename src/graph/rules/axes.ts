import type { Dim } from "../dim.js";
import type { AxisOp } from "../op.js";
import { type Shape, type Spec, shapeError } from "../shape.js";
import { int, requireDtype, type ShapeRules } from "./rule.js";

export const axisRules: ShapeRules<AxisOp> = {
  sum: (inputs, { axes, keepDims }, op) => {
    const { dtype, shape } = requireDtype(op, inputs, 0, "float32", "int32");
    return { dtype, shape: reduced(shape, axes, keepDims) };
  },
  max: (inputs, { axis, keepDims }, op) => overAxis(requireDtype(op, inputs, 0, "float32", "int32"), axis, keepDims),
  min: (inputs, { axis, keepDims }, op) => overAxis(requireDtype(op, inputs, 0, "float32", "int32"), axis, keepDims),
  argMax: (inputs, { axis, keepDims }, op) =>
    int(overAxis(requireDtype(op, inputs, 0, "float32", "int32"), axis, keepDims).shape),
  argMin: (inputs, { axis, keepDims }, op) =>
    int(overAxis(requireDtype(op, inputs, 0, "float32", "int32"), axis, keepDims).shape),
  logSumExp: (inputs, { axis, keepDims }, op) => overAxis(requireDtype(op, inputs, 0, "float32"), axis, keepDims),
  softmax: (inputs, _, op) => requireDtype(op, inputs, 0, "float32"),
  cumulativeSum: (inputs, _, op) => requireDtype(op, inputs, 0, "float32", "int32"),
  topK: (inputs, { axis, k }, op) => {
    const x = requireDtype(op, inputs, 0, "float32", "int32");
    const length = x.shape[axis];
    if (typeof k === "number" && typeof length === "number" && !(k >= 1 && k <= length)) {
      throw shapeError(op, inputs, `k = ${k} of ${length} along axis ${axis}`);
    }
    const shape = x.shape.with(axis, k);
    return [{ dtype: x.dtype, shape }, int(shape)];
  },
};

function overAxis({ dtype, shape }: Spec, axis: number, keepDims: boolean): Spec {
  return { dtype, shape: reduced(shape, [axis], keepDims) };
}

function reduced(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return shape.flatMap((length, i): Dim[] => (axes.includes(i) ? (keepDims ? [1] : []) : [length]));
}
