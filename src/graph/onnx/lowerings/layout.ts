import type { Dim } from "../../dim.js";
import type { LayoutOp } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import { type Lowerings, reshape } from "./lowering.js";

export const layoutLowerings: Lowerings<LayoutOp> = {
  reshape: (emitter, [x], node) => reshape(emitter, x, (node.inputs[0] as Tensor).shape, node.shape),
  broadcastTo: (emitter, [x], node) => {
    const { shape } = node.inputs[0] as Tensor;
    const lead = node.rank - shape.length;
    // Expand keeps a length where it is asked for 1.
    const target = node.shape.map((length, i): Dim => (i >= lead && shape[i - lead] === length ? 1 : length));
    return emitter.op("Expand", [x, emitter.lengths(target)]);
  },
  transpose: (emitter, [x], _, { permutation }) => emitter.op("Transpose", [x], { attributes: { perm: permutation } }),
  squeeze: (emitter, [x], _, { axes }) => emitter.op("Squeeze", [x, emitter.lengths(axes)]),
  unsqueeze: (emitter, [x], _, { axes }) => emitter.op("Unsqueeze", [x, emitter.lengths(axes)]),
  slice: (emitter, [x], node, { axis, start, end }) => {
    // An end beyond the last element stands for the length itself, which then need not be computed.
    const last = end === (node.inputs[0] as Tensor).length(axis) ? 2 ** 31 : end;
    return emitter.op("Slice", [x, emitter.lengths([start]), emitter.lengths([last]), emitter.lengths([axis])]);
  },
  pad: (emitter, [x], node, { axis, before, after }) => {
    const pads: Dim[] = Array(2 * node.rank).fill(0);
    pads[axis] = before;
    pads[node.rank + axis] = after;
    return emitter.op("Pad", [x, emitter.lengths(pads)]);
  },
  concat: (emitter, inputs, _, { axis }) => emitter.op("Concat", inputs, { attributes: { axis } }),
  split: (emitter, [x], _, { axis, sizes }) =>
    emitter.several("Split", [x, emitter.lengths(sizes)], sizes.length, { attributes: { axis } }),
};
