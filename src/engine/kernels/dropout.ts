// AssemblyScript: compiled to WebAssembly with SIMD by scripts/build.mjs.

/**
 * Keep decisions as bytes 0 and 1: element i is kept iff byte i mod 4 (lowest first) of `maskWord(i >> 2)` is at least `threshold`
 * (1 … 255). The mask's room is a multiple of 16 bytes: the last round may write beyond `count`.
 */
export function dropoutMask(mask: usize, count: usize, key0: u32, key1: u32, threshold: u32): void {
  const k0 = i32x4.splat(key0);
  const k1 = i32x4.splat(key1);
  const least = i8x16.splat(<u8>threshold);
  const one = i8x16.splat(1);
  const four = i32x4.splat(4);
  const factor1 = i32x4.splat(0x7feb352d);
  const factor2 = i32x4.splat(0x846ca68b);
  let counter = i32x4(0, 1, 2, 3);
  for (let at: usize = 0; at < count; at += 16) {
    let x = i32x4.add(counter, k0);
    x = v128.xor(x, i32x4.shr_u(x, 16));
    x = i32x4.mul(x, factor1);
    x = v128.xor(x, i32x4.shr_u(x, 15));
    x = v128.xor(i32x4.mul(x, factor2), k1);
    x = v128.xor(x, i32x4.shr_u(x, 16));
    x = i32x4.mul(x, factor1);
    x = v128.xor(x, i32x4.shr_u(x, 15));
    x = i32x4.mul(x, factor2);
    x = v128.xor(x, i32x4.shr_u(x, 16));
    v128.store(mask + at, v128.and(i8x16.ge_u(x, least), one));
    counter = i32x4.add(counter, four);
  }
}
