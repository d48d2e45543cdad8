import { inputError } from "../../base/errors.js";
import type { RowOp } from "../../graph/op.js";
import { quantised } from "./quantised.js";
import type { References } from "./reference.js";
import { around, at, count, type Data, floats, generate, places, stridesOf, type Value } from "./value.js";

export const rowReferences: References<RowOp> = {
  gather: ({ inputs: [x, index], attributes: { axis } }) => gather(x, index.data, axis),
  int8Gather: ({ inputs: [table, index] }) => gather({ ...table, data: quantised(table, 127) }, index.data, 0),
  takeAlongAxis: ({ inputs: [x, index], attributes: { axis }, dtype }) => {
    const from = along(x.shape, index, axis);
    return generate(dtype, index.data.length, (i) => at(x.data, at(from, i)));
  },
  scatterAdd: ({ inputs: [x, index], attributes: { axis }, shape }) => {
    const sums = floats(count(shape), () => 0);
    for (const [i, place] of along(shape, index, axis).entries()) sums[place] = at(sums, place) + at(x.data, i);
    return sums;
  },
  partitionRows: ({ inputs }) => inputs.slice(1, -1).map((index) => gather(inputs[0], index.data, 0)),
  mergeRows: ({ inputs, attributes: { parts }, dtype, shape }) => {
    const inverse = inputs[inputs.length - 1] as Value;
    const width = count(shape) / inverse.data.length;
    const all = inputs.slice(0, parts).flatMap((x) => Array.from<number>(x.data));
    const rows = { dtype, shape: [all.length / width, width], data: generate(dtype, all.length, (i) => at(all, i)) };
    return gather(rows, inverse.data, 0);
  },
  gatherRows: ({ inputs: [table, ids] }) => gather(table, ids.data, 0),
  embeddingBag: ({ inputs: [table, ids, offsets], shape }) => {
    const sums = floats(count(shape), () => 0);
    eachBagged(ids, offsets, table.shape[1] ?? 0, at(table.shape, 0), (from, into, weight) => {
      sums[into] = at(sums, into) + weight * at(table.data, from);
    });
    return sums;
  },
  scatterAddRows: ({ inputs: [ids, dy], shape }) => {
    const [rows, width] = shape as [number, number];
    const sums = floats(rows * width, () => 0);
    for (const [i, id] of ids.data.entries()) {
      checkPlace(id, rows);
      for (let j = 0; j < width; j++) sums[id * width + j] = at(sums, id * width + j) + at(dy.data, i * width + j);
    }
    return sums;
  },
  embeddingBagGradient: ({ inputs: [ids, offsets, dy], shape }) => {
    const [rows, width] = shape as [number, number];
    const sums = floats(rows * width, () => 0);
    eachBagged(ids, offsets, width, rows, (into, from, weight) => {
      sums[into] = at(sums, into) + weight * at(dy.data, from);
    });
    return sums;
  },
};

function gather(x: Value, index: Data, axis: number): Data {
  const { outer, length, inner } = around(x.shape, axis);
  for (const place of index) checkPlace(place, length);
  return generate(x.dtype, outer * index.length * inner, (place) => {
    const o = Math.floor(place / (index.length * inner));
    const row = at(index, Math.floor(place / inner) % index.length);
    return at(x.data, (o * length + row) * inner + (place % inner));
  });
}

/** For each element of the index: the place in a tensor of this shape that it names along the axis. */
function along(shape: readonly number[], index: Value, axis: number): Int32Array {
  const strides = stridesOf(shape);
  const length = at(shape, axis);
  const lines = places(index.shape, strides.with(axis, 0));
  return lines.map((place, i) => {
    const chosen = at(index.data, i);
    checkPlace(chosen, length);
    return place + chosen * at(strides, axis);
  });
}

/** Calls f with each table element of each bag, the bag's element, and one over the bag's size. */
function eachBagged(
  ids: Value,
  offsets: Value,
  width: number,
  rows: number,
  f: (tableElement: number, bagElement: number, weight: number) => void,
): void {
  for (let bag = 0; bag + 1 < offsets.data.length; bag++) {
    const start = at(offsets.data, bag);
    const end = at(offsets.data, bag + 1);
    for (let token = start; token < end; token++) {
      const id = at(ids.data, token);
      checkPlace(id, rows);
      for (let j = 0; j < width; j++) f(id * width + j, bag * width + j, 1 / (end - start));
    }
  }
}

function checkPlace(place: number, length: number): void {
  if (!(place >= 0 && place < length)) {
    throw inputError("index", `an index is out of range`, { found: String(place), expected: `0 … ${length - 1}` });
  }
}
