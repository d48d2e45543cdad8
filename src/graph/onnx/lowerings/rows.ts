import type { RowOp } from "../../op.js";
import { shapeSize } from "../../shape.js";
import type { Tensor } from "../../tensor.js";
import { filled, type Lowerings, notInGraph, reshape } from "./lowering.js";

export const rowLowerings: Lowerings<Exclude<RowOp, "embeddingBag">> = {
  gather: (emitter, [x, index], _, { axis }) => emitter.op("Gather", [x, index], { attributes: { axis } }),
  takeAlongAxis: (emitter, [x, index], _, { axis }) =>
    emitter.op("GatherElements", [x, index], { attributes: { axis } }),
  // ScatterND would be faster, but loses updates when two threads meet at one row.
  scatterAdd: (emitter, [x, index], node, { axis }) =>
    emitter.op("ScatterElements", [filled(emitter, node.shape, 0), index, x], {
      attributes: { axis, reduction: "add" },
    }),
  partitionRows: (emitter, inputs) =>
    inputs.slice(1, -1).map((index) => emitter.op("Gather", [inputs[0], index], { attributes: { axis: 0 } })),
  mergeRows: (emitter, inputs, node, { parts }) => {
    const inverse = inputs.at(-1) as string;
    const row = node.shape.slice((node.inputs.at(-1) as Tensor).rank);
    const flat = inputs.slice(0, parts).map((x, i) => {
      const { shape } = node.inputs[i] as Tensor;
      return shape.length === row.length + 1
        ? x
        : reshape(emitter, x, shape, [shapeSize(shape.slice(0, -row.length)), ...row]);
    });
    const rows = parts === 1 ? (flat[0] as string) : emitter.op("Concat", flat, { attributes: { axis: 0 } });
    return emitter.op("Gather", [rows, inverse], { attributes: { axis: 0 } });
  },
  gatherRows: (emitter, [table, ids]) => emitter.op("Gather", [table, ids], { attributes: { axis: 0 } }),
  scatterAddRows: notInGraph,
  embeddingBagGradient: notInGraph,
};
