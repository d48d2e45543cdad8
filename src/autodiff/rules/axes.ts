import type { AxisOp } from "../../graph/op.js";
import { where } from "../../graph/ops/elementwise.js";
import { iota } from "../../graph/ops/leaf.js";
import { argMax, argMin, cumulativeSum } from "../../graph/ops/reduction.js";
import { apply, part, type Tensor } from "../../graph/tensor.js";
import { type GradientRules, onlyFirst } from "./rule.js";

export const axisGradients: GradientRules<AxisOp> = {
  sum: (dy, _, __, { axes, keepDims }) => [keepDims ? dy : dy.unsqueeze(axes)],
  max: (dy, [x], _, { axis, keepDims }) => [toChosen(dy, x, argMax(x, axis, { keepDims: true }), axis, keepDims)],
  min: (dy, [x], _, { axis, keepDims }) => [toChosen(dy, x, argMin(x, axis, { keepDims: true }), axis, keepDims)],
  argMax: "constant",
  argMin: "constant",
  logSumExp: (dy, [x], y, { axis, keepDims }) => {
    const [dTotal, total] = keepDims ? [dy, y] : [dy.unsqueeze(axis), y.unsqueeze(axis)];
    return [dTotal.mul(x.sub(where(total.equal(-Infinity), 0, total)).exp())];
  },
  softmax: (dy, _, y, { axis }) => [y.mul(dy.sub(dy.mul(y).sum(axis, { keepDims: true })))],
  cumulativeSum: (dy, _, __, { axis, exclusive, reverse }) => [
    cumulativeSum(dy, axis, { exclusive, reverse: !reverse }),
  ],
  topK: (dys, [x], y, { axis }) => [
    apply("scatterAdd", [onlyFirst("topK", dys), part(y, 1)], { axis, shape: x.shape }),
  ],
};

/** The gradient at the chosen place of each line, zero elsewhere. */
function toChosen(dy: Tensor, x: Tensor, chosen: Tensor, axis: number, keepDims: boolean): Tensor {
  const place = iota(x.length(axis)).reshape(x.shape.map((_, i) => (i === axis ? x.length(axis) : 1)));
  return where(place.equal(chosen), keepDims ? dy : dy.unsqueeze(axis), 0);
}
