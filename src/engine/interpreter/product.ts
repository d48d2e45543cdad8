import type { ProductOp } from "../../graph/op.js";
import { pairwise, weighted } from "./between-rows.js";
import { erf } from "./erf.js";
import { quantised } from "./quantised.js";
import type { References } from "./reference.js";
import { at, count, floats, pick, places, spread, stridesOf, type Value } from "./value.js";

export const productReferences: References<ProductOp> = {
  matmul: ({ inputs: [a, b], attributes: { transposeA, transposeB, alpha }, shape }) =>
    product(transposeA ? transposed(a) : a, transposeB ? transposed(b) : b, shape, alpha),
  linear: ({ inputs, attributes: { alpha, beta }, shape }) => {
    const [x, weight, bias] = inputs;
    const y = product(x, transposed(weight), shape, alpha);
    return inputs.length > 2 ? y.map((value, i) => value + beta * at(bias.data, i % bias.data.length)) : y;
  },
  int8Linear: ({ inputs, attributes: { alpha, beta, transposed: turned, limit }, shape }) => {
    const [x, weight, bias] = inputs;
    const rows = turned ? transposed(weight) : weight;
    // One scale a row of each: the rows of W, or with `transposed` of W turned round.
    const y = product(
      { ...x, data: quantised(x, 127) },
      transposed({ ...rows, data: quantised(rows, limit) }),
      shape,
      alpha,
    );
    return inputs.length > 2 ? y.map((value, i) => value + beta * at(bias.data, i % bias.data.length)) : y;
  },
  attention: ({ inputs, attributes: { scale, mask, dropoutRate }, shape, shapes }) => {
    const [q, k, v] = inputs;
    const scores = shapes[1] ?? [];
    const keys = scores.at(-1) ?? 1;
    const added = mask ? spread(inputs[3], scores) : null;
    const logits = product(q, transposed(k), scores, scale).map(
      (value, i) => value + (added === null ? 0 : at(added, i)),
    );
    const probabilities = floats(logits.length, () => 0);
    for (let row = 0; row < logits.length; row += keys) {
      const line = logits.subarray(row, row + keys);
      const top = line.reduce((a, b) => Math.max(a, b), -Infinity);
      const total = line.reduce((sum, value) => sum + Math.exp(value - top), 0);
      for (const [i, value] of line.entries()) probabilities[row + i] = Math.exp(value - top) / total;
    }
    const keep = inputs[mask ? 4 : 3];
    const kept = dropoutRate > 0 ? probabilities.map((p, i) => p * at(keep.data, i)) : probabilities;
    const context = product({ dtype: "float32", shape: scores, data: kept }, v, shape, 1 / (1 - dropoutRate));
    return [context, probabilities, kept];
  },
  layerNorm: ({ inputs, attributes: { epsilon } }) => {
    const [x, scale, shift] = inputs;
    const width = x.shape.at(-1) ?? 1;
    const rows = count(x.shape) / width;
    const mean = floats(rows, (row) => average(width, (i) => at(x.data, row * width + i)));
    const inverse = floats(rows, (row) => {
      const variance = average(width, (i) => (at(x.data, row * width + i) - at(mean, row)) ** 2);
      return 1 / Math.sqrt(variance + epsilon);
    });
    const y = floats(rows * width, (place) => {
      const row = Math.floor(place / width);
      const normal = (at(x.data, place) - at(mean, row)) * at(inverse, row);
      return normal * at(scale.data, place % width) + (inputs.length > 2 ? at(shift.data, place % width) : 0);
    });
    return [y, mean, inverse];
  },
  squaredDistances: pairwise((difference) => difference ** 2),
  weightedDifferences: weighted((difference) => difference),
  absoluteDistances: pairwise(Math.abs),
  weightedSigns: weighted(Math.sign),
  geluGate: ({ inputs: [u] }) => {
    const gate = floats(u.data.length, (i) => 1 + erf(at(u.data, i)));
    return [floats(u.data.length, (i) => at(u.data, i) * at(gate, i)), gate];
  },
};

function average(n: number, f: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += f(i);
  return sum / n;
}

/** The last two axes change places. */
function transposed(x: Value): Value {
  const swap = <T>(list: readonly T[]) => [...list.slice(0, -2), ...list.slice(-2).reverse()];
  const shape = swap(x.shape);
  return { dtype: x.dtype, shape, data: pick(x, places(shape, swap(stridesOf(x.shape)))) };
}

/** alpha · a b over the last two axes; leading axes broadcast to those of `shape`. */
function product(a: Value, b: Value, shape: readonly number[], alpha: number): Float64Array {
  const batch = shape.slice(0, -2);
  const [m, n] = shape.slice(-2) as [number, number];
  const inner = a.shape.at(-1) ?? 1;
  const x = spread(a, [...batch, m, inner]);
  const y = spread(b, [...batch, inner, n]);
  const result = new Float64Array(count(shape));
  for (let s = 0; s < count(batch); s++) {
    for (let i = 0; i < m; i++) {
      for (let k = 0; k < inner; k++) {
        const factor = alpha * at(x, (s * m + i) * inner + k);
        for (let j = 0; j < n; j++) {
          const place = (s * m + i) * n + j;
          result[place] = at(result, place) + factor * at(y, (s * inner + k) * n + j);
        }
      }
    }
  }
  return result;
}
