import type { DType } from "../../graph/tensor.js";

/** Row-major numbers: Float64Array for float32, Int32Array for int32, Uint8Array for bool. */
export type Data = Float64Array | Int32Array | Uint8Array;

/** A computed tensor. */
export interface Value {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Data;
}

export function count(shape: readonly number[]): number {
  return shape.reduce((n, length) => n * length, 1);
}

/** `count` numbers of a dtype, element i being f(i). */
export function generate(dtype: DType, length: number, f: (i: number) => number): Data {
  const data =
    dtype === "float32"
      ? new Float64Array(length)
      : dtype === "int32"
        ? new Int32Array(length)
        : new Uint8Array(length);
  for (let i = 0; i < length; i++) data[i] = f(i);
  return data;
}

export function floats(length: number, f: (i: number) => number): Float64Array {
  return generate("float32", length, f) as Float64Array;
}

/** How far apart neighbours along each axis lie in row-major order. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => count(shape.slice(axis + 1)));
}

/** For each place of `shape` in row-major order: offset + Σ coordinate · stride. */
export function places(shape: readonly number[], strides: readonly number[], offset = 0): Int32Array {
  let result = Int32Array.of(offset);
  for (const [axis, length] of shape.entries()) {
    const stride = strides[axis] ?? 0;
    const next = new Int32Array(result.length * length);
    for (let i = 0; i < next.length; i++) next[i] = at(result, Math.floor(i / length)) + (i % length) * stride;
    result = next;
  }
  return result;
}

/** The elements of x at these places. */
export function pick(x: Value, from: Int32Array): Data {
  return generate(x.dtype, from.length, (i) => at(x.data, at(from, i)));
}

/** x repeated along axes of length 1 to fill a shape. */
export function spread(x: Value, shape: readonly number[]): Data {
  if (x.data.length === count(shape)) return x.data;
  const own = [...Array<number>(shape.length - x.shape.length).fill(1), ...x.shape];
  const strides = stridesOf(own).map((stride, axis) => (own[axis] === 1 ? 0 : stride));
  return pick(x, places(shape, strides));
}

/** A tensor seen as [outer, length, inner] around one axis. */
export function around(shape: readonly number[], axis: number) {
  return { outer: count(shape.slice(0, axis)), length: shape[axis] ?? 1, inner: count(shape.slice(axis + 1)) };
}

/** An element that exists. */
export function at(data: ArrayLike<number>, i: number): number {
  return data[i] as number;
}
