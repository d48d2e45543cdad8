import { addDims, subtractDims } from "../../graph/dim.js";
import type { LayoutOp } from "../../graph/op.js";
import { concat, pad, slice, split } from "../../graph/ops/layout.js";
import { zeros } from "../../graph/ops/leaf.js";
import type { GradientRules } from "./rule.js";

export const layoutGradients: GradientRules<LayoutOp> = {
  reshape: (dy, [x]) => [dy.reshape(x.shape)],
  broadcastTo: (dy) => [dy],
  transpose: (dy, _, __, { permutation }) => [dy.transpose(permutation.map((_, axis) => permutation.indexOf(axis)))],
  squeeze: (dy, _, __, { axes }) => [dy.unsqueeze(axes)],
  unsqueeze: (dy, _, __, { axes }) => [dy.squeeze(axes)],
  slice: (dy, [x], _, { axis, start, end }) => [pad(dy, axis, start, subtractDims(x.length(axis), end))],
  pad: (dy, [x], _, { axis, before }) => [slice(dy, axis, before, addDims(before, x.length(axis)))],
  concat: (dy, inputs, _, { axis }) =>
    split(
      dy,
      inputs.map((input) => input.length(axis)),
      axis,
    ),
  split: (dys, _, y, { axis }) => [
    concat(
      dys.map((dy, i) => dy ?? zeros(y.parts?.[i]?.shape ?? [])),
      axis,
    ),
  ],
};
