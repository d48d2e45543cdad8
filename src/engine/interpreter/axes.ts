import type { AxisOp } from "../../graph/op.js";
import type { Call, References } from "./reference.js";
import { around, at, count, floats, generate, places, stridesOf, type Value } from "./value.js";

export const axisReferences: References<AxisOp> = {
  sum: ({ inputs: [x], attributes: { axes }, dtype }) => {
    const kept = x.shape.map((length, i) => (axes.includes(i) ? 1 : length));
    const strides = stridesOf(kept).map((stride, i) => (axes.includes(i) ? 0 : stride));
    const totals = generate(dtype, count(kept), () => 0);
    for (const [i, place] of places(x.shape, strides).entries()) totals[place] = at(totals, place) + at(x.data, i);
    return totals;
  },
  max: (call) => reduce(call, (line) => at(line, best(line, 1))),
  min: (call) => reduce(call, (line) => at(line, best(line, -1))),
  argMax: (call) => reduce(call, (line) => best(line, 1)),
  argMin: (call) => reduce(call, (line) => best(line, -1)),
  logSumExp: (call) => reduce(call, logSumExp),
  softmax: ({ inputs: [x], attributes: { axis } }) =>
    mapLines(x, axis, (line) => {
      const total = logSumExp(line);
      return line.map((value) => (total === -Infinity ? 0 : Math.exp(value - total)));
    }),
  cumulativeSum: ({ inputs: [x], attributes: { axis, exclusive, reverse }, dtype }) => {
    const sums = mapLines(x, axis, (line) => {
      const ordered = reverse ? line.toReversed() : line;
      let total = 0;
      const running = ordered.map((value) => {
        total += value;
        return exclusive ? total - value : total;
      });
      return reverse ? running.reverse() : running;
    });
    return generate(dtype, sums.length, (i) => at(sums, i));
  },
  topK: ({ inputs: [x], attributes: { axis, largest }, dtype, shape }) => {
    const k = shape[axis] ?? 1;
    const order = (line: Float64Array) =>
      Array.from(line.keys())
        .sort((i, j) => (largest ? at(line, j) - at(line, i) : at(line, i) - at(line, j)) || i - j)
        .slice(0, k);
    const values = mapLines(x, axis, (line) => Float64Array.from(order(line), (i) => at(line, i)));
    const indices = mapLines(x, axis, (line) => Float64Array.from(order(line)));
    return [generate(dtype, values.length, (i) => at(values, i)), Int32Array.from(indices)];
  },
};

/** log Σ e^x; -Infinity when there is nothing else. */
function logSumExp(line: Float64Array): number {
  const top = at(line, best(line, 1));
  if (!Number.isFinite(top)) return top;
  return top + Math.log(line.reduce((sum, value) => sum + Math.exp(value - top), 0));
}

function best(line: Float64Array, sign: 1 | -1): number {
  return line.reduce((top, value, i) => (sign * value > sign * at(line, top) ? i : top), 0);
}

/** Each line along an axis, replaced by another; the results may have another length, the same for all. */
function mapLines(x: Value, axis: number, f: (line: Float64Array) => Float64Array): Float64Array {
  const { outer, length, inner } = around(x.shape, axis);
  const lines: Float64Array[] = [];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) lines.push(f(floats(length, (l) => at(x.data, (o * length + l) * inner + i))));
  }
  const next = lines[0]?.length ?? 0;
  return floats(outer * next * inner, (place) => {
    const o = Math.floor(place / (next * inner));
    const i = place % inner;
    return at(lines[o * inner + i] as Float64Array, Math.floor(place / inner) % next);
  });
}

function reduce(
  { inputs: [x], attributes, dtype }: Call<"max" | "min" | "argMax" | "argMin" | "logSumExp">,
  f: (line: Float64Array) => number,
) {
  const data = mapLines(x, attributes.axis, (line) => Float64Array.of(f(line)));
  return generate(dtype, data.length, (i) => at(data, i));
}
