import type { RowOp } from "../../graph/op.js";
import { concat } from "../../graph/ops/layout.js";
import { zeros } from "../../graph/ops/leaf.js";
import { gather, takeAlongAxis } from "../../graph/ops/rows.js";
import { shapeSize } from "../../graph/shape.js";
import { apply, type Tensor } from "../../graph/tensor.js";
import type { GradientRules } from "./rule.js";

export const rowGradients: GradientRules<RowOp> = {
  gather: (dy, [x, index], _, { axis }) => {
    const places = shapeSize(index.shape);
    const values = dy.reshape(x.shape.with(axis, places));
    const along = index.reshape(x.shape.map((_, i) => (i === axis ? places : 1))).broadcastTo(values.shape);
    return [apply("scatterAdd", [values, along], { axis, shape: x.shape }), null];
  },
  int8Gather: "none",
  takeAlongAxis: (dy, [x, index], _, { axis }) => [apply("scatterAdd", [dy, index], { axis, shape: x.shape }), null],
  scatterAdd: (dy, [, index], _, { axis }) => [takeAlongAxis(dy, index, axis), null],
  partitionRows: (dys, inputs, y) => {
    const row = inputs[0].shape.slice(1);
    const parts = dys.map((dy, i) => (dy ?? zeros(y.parts?.[i]?.shape ?? [])).reshape([-1, ...row]));
    return [gather(concat(parts), inputs[inputs.length - 1] as Tensor), ...inputs.slice(1).map(() => null)];
  },
  mergeRows: (dy, inputs, _, { parts }) => inputs.slice(parts, -1).map((index) => gather(dy, index)),
  gatherRows: (dy, [table, ids]) => [apply("scatterAddRows", [ids, dy], { rows: table.length(0) }), null],
  embeddingBag: (dy, [table, ids, offsets]) => [
    apply("embeddingBagGradient", [ids, offsets, dy], { rows: table.length(0) }),
    null,
    null,
  ],
  scatterAddRows: "none",
  embeddingBagGradient: "none",
};
