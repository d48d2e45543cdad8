import { addDims, type Dim, subtractDims } from "../dim.js";
import type { LayoutOp } from "../op.js";
import { broadcastShapes, canonicalShape, reshapedShape, type Spec, sameShape, shapeError } from "../shape.js";
import { requireDtype, type ShapeRules } from "./rule.js";

export const layoutRules: ShapeRules<LayoutOp> = {
  reshape: ([x], { shape }) => ({ dtype: x.dtype, shape: reshapedShape(x, shape) }),
  broadcastTo: ([x], { shape }, op) => {
    const target = canonicalShape(shape);
    const reached = broadcastShapes(x.shape, target);
    if (reached === null || !sameShape(reached, target)) {
      throw shapeError(op, [x], `does not broadcast to [${target.join(", ")}]`);
    }
    return { dtype: x.dtype, shape: target };
  },
  transpose: ([x], { permutation }, op) => {
    const axes = [...permutation].sort((a, b) => a - b);
    if (axes.length !== x.shape.length || axes.some((axis, i) => axis !== i)) {
      throw shapeError(op, [x], `[${permutation.join(", ")}] is no order of its axes`);
    }
    return { dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis] ?? 0) };
  },
  squeeze: ([x], { axes }, op) => {
    const wrong = axes.find((axis) => x.shape[axis] !== 1);
    if (wrong !== undefined) throw shapeError(op, [x], `axis ${wrong} has length ${x.shape[wrong]}, not 1`);
    return { dtype: x.dtype, shape: x.shape.filter((_, i) => !axes.includes(i)) };
  },
  unsqueeze: ([x], { axes }) => {
    const rest = [...x.shape];
    const shape = Array.from({ length: rest.length + axes.length }, (_, i): Dim => {
      return axes.includes(i) ? 1 : (rest.shift() ?? 1);
    });
    return { dtype: x.dtype, shape };
  },
  slice: ([x], { axis, start, end }, op) => {
    const length = x.shape[axis];
    const whole = [start, end, length].every((value) => typeof value === "number");
    if (whole && !(Number(start) >= 0 && Number(start) <= Number(end) && Number(end) <= Number(length))) {
      throw shapeError(op, [x], `${start} … ${end} along axis ${axis}`);
    }
    return { dtype: x.dtype, shape: x.shape.with(axis, subtractDims(end, start)) };
  },
  pad: (inputs, { axis, before, after }, op) => {
    const x = requireDtype(op, inputs, 0, "float32", "int32");
    return { dtype: x.dtype, shape: x.shape.with(axis, addDims(addDims(x.shape[axis] ?? 0, before), after)) };
  },
  concat: (inputs, { axis }, op) => {
    const [first] = inputs;
    let length: Dim = 0;
    for (const input of inputs) {
      const fits =
        input.dtype === first.dtype && sameShape(input.shape.toSpliced(axis, 1), first.shape.toSpliced(axis, 1));
      if (!fits) throw shapeError(op, inputs, `they differ in more than axis ${axis}`);
      length = addDims(length, input.shape[axis] ?? 0);
    }
    return { dtype: first.dtype, shape: first.shape.with(axis, length) };
  },
  split: ([x], { axis, sizes }, op) => {
    const total = sizes.reduce(addDims, 0);
    if (total !== x.shape[axis]) {
      throw shapeError(op, [x], `parts of ${sizes.join(", ")} along axis ${axis} add up to ${total}`);
    }
    return sizes.map((size): Spec => ({ dtype: x.dtype, shape: x.shape.with(axis, size) }));
  },
};
