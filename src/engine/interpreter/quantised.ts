import { at, type Value } from "./value.js";

/** Each row rounded to multiples of its greatest magnitude divided by `count`, halves to even. */
export function quantised(x: Value, count: number): Float64Array {
  const width = x.shape.at(-1) ?? 1;
  const data = new Float64Array(x.data.length);
  for (let row = 0; row < data.length; row += width) {
    let greatest = 0;
    for (let i = row; i < row + width; i++) greatest = Math.max(greatest, Math.abs(at(x.data, i)));
    const step = Math.max(greatest / count, 1e-20);
    for (let i = row; i < row + width; i++) data[i] = step * halfToEven(at(x.data, i) / step);
  }
  return data;
}

function halfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}
