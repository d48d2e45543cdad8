import { addDims, subtractDims } from "../dim.js";
import type { RowOp } from "../op.js";
import { canonicalShape, type Spec, sameShape, shapeError, shapeSize } from "../shape.js";
import { float, requireDtype, type ShapeRules } from "./rule.js";

export const rowRules: ShapeRules<RowOp> = {
  gather: (inputs, { axis }, op) => {
    const [x] = inputs;
    const index = requireDtype(op, inputs, 1, "int32");
    return { dtype: x.dtype, shape: x.shape.toSpliced(axis, 1, ...index.shape) };
  },
  int8Gather: (inputs, _, op) => {
    const table = requireDtype(op, inputs, 0, "float32");
    const index = requireDtype(op, inputs, 1, "int32");
    if (table.shape.length !== 2) throw shapeError(op, inputs, "a table has two axes");
    return float([...index.shape, table.shape[1] ?? 0]);
  },
  takeAlongAxis: (inputs, { axis }, op) => {
    const [x] = inputs;
    const index = requireDtype(op, inputs, 1, "int32");
    if (!sameShape(x.shape.toSpliced(axis, 1), index.shape.toSpliced(axis, 1)) && !fitsBelow(x, index, axis)) {
      throw shapeError(op, inputs, `they differ in more than axis ${axis}`);
    }
    return { dtype: x.dtype, shape: index.shape };
  },
  scatterAdd: (inputs, { axis, shape }, op) => {
    const x = requireDtype(op, inputs, 0, "float32");
    const index = requireDtype(op, inputs, 1, "int32");
    if (!sameShape(x.shape, index.shape)) throw shapeError(op, inputs, "values and indices differ in shape");
    if (shape.length !== x.shape.length)
      throw shapeError(op, inputs, `cannot add along axis ${axis} to [${shape.join(", ")}]`);
    return float(canonicalShape(shape));
  },
  partitionRows: (inputs, _, op) => {
    const [x] = inputs;
    const indices = inputs.slice(1, -1).map((_, i) => requireDtype(op, inputs, i + 1, "int32"));
    const inverse = requireDtype(op, inputs, inputs.length - 1, "int32");
    if (x.shape.length < 1 || indices.length < 1) throw shapeError(op, inputs, "expected rows, indices and an inverse");
    if (!sameShape(inverse.shape, x.shape.slice(0, 1))) {
      throw shapeError(op, inputs, `the inverse must have one entry a row, [${x.shape[0]}]`);
    }
    return indices.map((index): Spec => ({ dtype: x.dtype, shape: [...index.shape, ...x.shape.slice(1)] }));
  },
  mergeRows: (inputs, { parts }, op) => {
    const [first] = inputs;
    const inverse = requireDtype(op, inputs, inputs.length - 1, "int32");
    const indices = inputs.slice(parts, -1);
    const trailing = first.shape.slice(inputs[parts]?.shape.length ?? 0);
    if (indices.length !== parts) throw shapeError(op, inputs, "expected one index tensor a part, and an inverse");
    for (const [i, index] of indices.entries()) {
      requireDtype(op, inputs, parts + i, "int32");
      const part = requireDtype(op, inputs, i, first.dtype);
      if (!sameShape(part.shape, [...index.shape, ...trailing])) {
        throw shapeError(op, [part, index], "a part must have the shape of its index, then that of a row");
      }
    }
    return { dtype: first.dtype, shape: [...inverse.shape, ...trailing] };
  },
  gatherRows: (inputs, _, op) => {
    const table = requireDtype(op, inputs, 0, "float32");
    const ids = requireDtype(op, inputs, 1, "int32");
    if (table.shape.length !== 2) throw shapeError(op, inputs, "a table has two axes");
    return float([...ids.shape, table.shape[1] ?? 0]);
  },
  embeddingBag: (inputs, _, op) => {
    const table = requireDtype(op, inputs, 0, "float32");
    const ids = requireDtype(op, inputs, 1, "int32");
    const offsets = requireDtype(op, inputs, 2, "int32");
    if (table.shape.length !== 2 || ids.shape.length !== 1 || offsets.shape.length !== 1) {
      throw shapeError(op, inputs, "expected a table, ids [tokens] and offsets [rows+1]");
    }
    return float([subtractDims(offsets.shape[0] ?? 0, 1), table.shape[1] ?? 0]);
  },
  scatterAddRows: (inputs, { rows }, op) => {
    const ids = requireDtype(op, inputs, 0, "int32");
    const dy = requireDtype(op, inputs, 1, "float32");
    if (!sameShape(dy.shape.slice(0, -1), ids.shape)) throw shapeError(op, inputs, "expected one gradient row an id");
    return float([rows, dy.shape.at(-1) ?? 0]);
  },
  embeddingBagGradient: (inputs, { rows }, op) => {
    const offsets = requireDtype(op, inputs, 1, "int32");
    const dy = requireDtype(op, inputs, 2, "float32");
    if (dy.shape.length !== 2 || addDims(dy.shape[0] ?? 0, 1) !== shapeSize(offsets.shape)) {
      throw shapeError(op, inputs, "expected one gradient row a bag");
    }
    return float([rows, dy.shape[1] ?? 0]);
  },
};

/** Whether an index of fewer elements than x (in axes other than the chosen one) can be seen to lie inside it. */
function fitsBelow(x: Spec, index: Spec, axis: number): boolean {
  return (
    x.shape.length === index.shape.length &&
    x.shape.every((length, i) => {
      const taken = index.shape[i];
      return (
        i === axis || taken === length || (typeof taken === "number" && typeof length === "number" && taken <= length)
      );
    })
  );
}
