import type { RawTensor } from "./safetensors.js";

/**
 * The values of a floating-point tensor as float32: F32 is viewed, F16 and BF16 are widened exactly, F64 is rounded to nearest.
 * Null for any other dtype.
 */
export function toFloat32({ dtype, data }: RawTensor): Float32Array<ArrayBuffer> | null {
  switch (dtype) {
    case "F32":
      return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
    case "F64":
      return Float32Array.from(new Float64Array(data.buffer, data.byteOffset, data.byteLength / 8));
    case "F16":
      return fromHalves(data, widenHalf);
    case "BF16":
      // bfloat16 is the upper half of a float32.
      return fromHalves(data, (half) => half << 16);
    default:
      return null;
  }
}

/** `bits` maps 16 bits to the 32 bits of a float32. */
function fromHalves(data: Uint8Array<ArrayBuffer>, bits: (half: number) => number): Float32Array<ArrayBuffer> {
  const halves = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = bits(halves[i]!);
  return new Float32Array(words.buffer);
}

/** The bits of an IEEE 754 binary16 number as binary32, subnormals, infinities and NaN included. */
function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // Subnormal: shift the highest set bit to the implicit place.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | ((fraction << (13 + shift)) & 0x7fffff);
}
