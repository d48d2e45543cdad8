import type { HostTensor } from "../host.js";

/** A matrix by 8-bit integers, each of its rows (or columns) in steps of its own. */
export interface QuantisedMatrix {
  readonly values: Int8Array<ArrayBuffer>;
  readonly scales: Float32Array<ArrayBuffer>;
}

/** Rounds each row of a matrix to multiples of its greatest magnitude divided by `limit`, halves to even, as QuantizeLinear does in float32. */
export function quantiseRows({ shape, data }: HostTensor, limit: number): QuantisedMatrix {
  const [rows = 0, width = 0] = shape;
  const values = new Int8Array(rows * width);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let greatest = 0;
    for (let i = row * width; i < (row + 1) * width; i++) greatest = Math.max(greatest, Math.abs(data[i] as number));
    const scale = Math.max(Math.fround(greatest / limit), Math.fround(1e-20));
    scales[row] = scale;
    for (let i = row * width; i < (row + 1) * width; i++)
      values[i] = halfToEven(Math.fround((data[i] as number) / scale));
  }
  return { values, scales };
}

/** A matrix whose rows become columns. */
export function turned<T extends Int8Array | HostTensor["data"]>(data: T, [rows = 0, width = 0]: readonly number[]): T {
  const result = data.slice() as T;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < width; column++) result[column * rows + row] = data[row * width + column] as number;
  return result;
}

function halfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}
