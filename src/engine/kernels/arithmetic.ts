// AssemblyScript: compiled to WebAssembly with SIMD by scripts/build.mjs. Addresses are bytes, counts are float32 values.

/** Sum of squares in float64: value i goes to partial sum i mod 8, so the result is a function of the values alone. */
export function squaredNorm(x: usize, count: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  const end = x + (count << 2);
  const whole = x + ((count & ~7) << 2);
  let at = x;
  for (; at < whole; at += 32) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const a0 = f64x2.promote_low_f32x4(a);
    const a1 = f64x2.promote_low_f32x4(v128.shuffle<u32>(a, a, 2, 3, 2, 3));
    const b0 = f64x2.promote_low_f32x4(b);
    const b1 = f64x2.promote_low_f32x4(v128.shuffle<u32>(b, b, 2, 3, 2, 3));
    s0 = f64x2.add(s0, f64x2.mul(a0, a0));
    s1 = f64x2.add(s1, f64x2.mul(a1, a1));
    s2 = f64x2.add(s2, f64x2.mul(b0, b0));
    s3 = f64x2.add(s3, f64x2.mul(b1, b1));
  }
  let tail: f64 = 0;
  for (; at < end; at += 4) {
    const value = <f64>load<f32>(at);
    tail += value * value;
  }
  const sum = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1) + tail;
}

/** Sums of squares (float64) of the rows ids[from] … ids[to − 1] of a table, to the same places of `squares`. */
export function squaredNormRows(x: usize, ids: usize, from: usize, to: usize, width: usize, squares: usize): void {
  for (let i = from; i < to; i++) {
    store<f64>(squares + (i << 3), squaredNorm(x + <usize>load<i32>(ids + (i << 2)) * (width << 2), width));
  }
}

/** y ← y + a · x. */
export function axpy(y: usize, x: usize, count: usize, a: f32): void {
  const va = f32x4.splat(a);
  const bytes = count << 2;
  const whole = (count & ~3) << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    v128.store(y + at, f32x4.add(v128.load(y + at), f32x4.mul(v128.load(x + at), va)));
  }
  for (; at < bytes; at += 4) store<f32>(y + at, load<f32>(y + at) + load<f32>(x + at) * a);
}

/** target ← momentum · target + rest · source, with rest = 1 − momentum. */
export function ema(target: usize, source: usize, count: usize, momentum: f32, rest: f32): void {
  const vMomentum = f32x4.splat(momentum);
  const vRest = f32x4.splat(rest);
  const bytes = count << 2;
  const whole = (count & ~3) << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const kept = f32x4.mul(v128.load(target + at), vMomentum);
    v128.store(target + at, f32x4.add(kept, f32x4.mul(v128.load(source + at), vRest)));
  }
  for (; at < bytes; at += 4) {
    store<f32>(target + at, load<f32>(target + at) * momentum + load<f32>(source + at) * rest);
  }
}
