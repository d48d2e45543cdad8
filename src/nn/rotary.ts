import { concat, type Shape, split, type Tensor } from "../graph/index.js";

/** Cosines and sines of rotary positions, [positions, width / 2] each: the angle of pair i is position · base^(-2i / width). */
export interface RotaryTable {
  readonly cosines: Float32Array;
  readonly sines: Float32Array;
}

/** Su et al. 2021. */
export function rotaryTable(base: number, width: number, positions: number): RotaryTable {
  const half = width / 2;
  const angle = (i: number) => Math.floor(i / half) * base ** ((-2 * (i % half)) / width);
  return {
    cosines: Float32Array.from({ length: positions * half }, (_, i) => Math.cos(angle(i))),
    sines: Float32Array.from({ length: positions * half }, (_, i) => Math.sin(angle(i))),
  };
}

/** Rotates each head's vector; coordinate i and i + width / 2 are a pair. `cosines` and `sines` are [positions, 1, width / 2]. */
export function rotate(rows: Tensor, heads: number, cosines: Tensor, sines: Tensor): Tensor {
  const shape: Shape = [...rows.shape.slice(0, -1), heads, (rows.shape.at(-1) as number) / heads];
  const half = (shape.at(-1) as number) / 2;
  const [a, b] = split(rows.reshape(shape), [half, half], shape.length - 1) as [Tensor, Tensor];
  return concat([a.mul(cosines).sub(b.mul(sines)), b.mul(cosines).add(a.mul(sines))], shape.length - 1).reshape(
    rows.shape,
  );
}
