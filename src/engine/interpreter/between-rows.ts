import type { ProductOp } from "../../graph/op.js";
import type { Call } from "./reference.js";
import { at, floats } from "./value.js";

/** Σ over the dimensions of f(a_i − b_j), for each row of a and each of b. */
export function pairwise(f: (difference: number) => number) {
  return ({ inputs: [a, b], shape }: Pick<Call<ProductOp>, "inputs" | "shape">) => {
    const [n, m] = shape as [number, number];
    const width = a.shape[1] ?? 0;
    return floats(n * m, (place) => {
      const [i, j] = [Math.floor(place / m) * width, (place % m) * width];
      let sum = 0;
      for (let d = 0; d < width; d++) sum += f(at(a.data, i + d) - at(b.data, j + d));
      return sum;
    });
  };
}

/** Σ_j w_ij f(a_i − b_j) in each dimension. */
export function weighted(f: (difference: number) => number) {
  return ({ inputs: [weights, a, b], shape }: Pick<Call<ProductOp>, "inputs" | "shape">) => {
    const [n, width] = shape as [number, number];
    const m = b.shape[0] ?? 0;
    return floats(n * width, (place) => {
      const [i, d] = [Math.floor(place / width), place % width];
      let sum = 0;
      for (let j = 0; j < m; j++) sum += at(weights.data, i * m + j) * f(at(a.data, place) - at(b.data, j * width + d));
      return sum;
    });
  };
}
