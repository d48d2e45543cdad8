import type { LayoutOp } from "../../graph/op.js";
import type { References } from "./reference.js";
import { around, at, count, generate, pick, places, spread, stridesOf, type Value } from "./value.js";

export const layoutReferences: References<LayoutOp> = {
  reshape: ({ inputs: [x] }) => x.data,
  squeeze: ({ inputs: [x] }) => x.data,
  unsqueeze: ({ inputs: [x] }) => x.data,
  broadcastTo: ({ inputs: [x], shape }) => spread(x, shape),
  transpose: ({ inputs: [x], attributes: { permutation }, shape }) => {
    const strides = stridesOf(x.shape);
    const moved = permutation.map((axis) => at(strides, axis));
    return pick(x, places(shape, moved));
  },
  slice: ({ inputs: [x], attributes: { axis, start }, shape, length }) => cut(x, axis, length(start), shape),
  split: ({ inputs: [x], attributes: { axis, sizes }, shapes, length }) => {
    let start = 0;
    return shapes.map((shape, i) => {
      const piece = cut(x, axis, start, shape);
      start += length(sizes[i] ?? 0);
      return piece;
    });
  },
  pad: ({ inputs: [x], attributes: { axis, before }, dtype, shape, length }) => {
    const strides = stridesOf(shape);
    const padded = generate(dtype, count(shape), () => 0);
    const into = places(x.shape, strides, length(before) * at(strides, axis));
    for (const [i, place] of into.entries()) padded[place] = at(x.data, i);
    return padded;
  },
  concat: ({ inputs, attributes: { axis }, dtype, shape }) => {
    const joined = generate(dtype, count(shape), () => 0);
    const strides = stridesOf(shape);
    let start = 0;
    for (const x of inputs) {
      const into = places(x.shape, strides, start * at(strides, axis));
      for (const [i, place] of into.entries()) joined[place] = at(x.data, i);
      start += around(x.shape, axis).length;
    }
    return joined;
  },
};

function cut(x: Value, axis: number, start: number, shape: readonly number[]) {
  const strides = stridesOf(x.shape);
  return pick(x, places(shape, strides, start * at(strides, axis)));
}
