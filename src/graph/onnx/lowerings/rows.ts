import type { RowOp } from "../../op.js";
import { shapeSize } from "../../shape.js";
import type { Tensor } from "../../tensor.js";
import type { Emitter } from "../emitter.js";
import { quantiseRows } from "../quantise.js";
import { int8Steps, zeroPoints } from "./int8.js";
import { cast, filled, type Lowerings, notInGraph, reshape } from "./lowering.js";

export const rowLowerings: Lowerings<Exclude<RowOp, "embeddingBag">> = {
  gather: (emitter, [x, index], _, { axis }) => emitter.op("Gather", [x, index], { attributes: { axis } }),
  int8Gather: (emitter, [table, index], node) => {
    const [values, scales] = int8Table(emitter, table, node.inputs[0] as Tensor);
    const rows = cast(emitter, emitter.op("Gather", [values, index]), "float32");
    return emitter.op("Mul", [rows, emitter.op("Gather", [scales, index])]);
  },
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

/** A table by 8-bit integers, and the scale [rows, 1] of each row. */
function int8Table(emitter: Emitter, table: string, node: Tensor): readonly [string, string] {
  const stored = emitter.stored(node);
  if (stored !== undefined) {
    const { values, scales } = quantiseRows(stored, 127);
    return [
      emitter.constant({ type: "int8", shape: stored.shape, data: values }),
      emitter.constant({ type: "float32", shape: [scales.length, 1], data: scales }),
    ];
  }
  const scales = int8Steps(emitter, table, 1, 127);
  const flat = emitter.op("Squeeze", [scales, emitter.lengths([1])]);
  const zeros = zeroPoints(emitter, node.length(0), "int8");
  return [emitter.op("QuantizeLinear", [table, flat, zeros], { attributes: { axis: 0 } }), scales];
}
