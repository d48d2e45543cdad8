// AssemblyScript: compiled to WebAssembly with SIMD by scripts/build.mjs. Addresses are bytes; ids, starts and rows are int32, all else is
// float32. Callers have checked every index: nothing here does.

import { squaredNorm } from "./arithmetic";

/** Rows that are summed before they meet the rows summed before them: rounding grows with their number, not with the sum's. */
const BLOCK: usize = 32;

/**
 * A sparse matrix times the rows of `source`: row i of it, entries starts[i] … starts[i + 1] − 1, goes to row i of `target`, or to row rows[i],
 * where it is added unless fresh[i] (a byte) says that nothing is there yet. squares[i] (float64) is then the sum of squares of that row.
 */
export function sparseProduct(
  starts: usize,
  ids: usize,
  weights: usize,
  from: usize,
  to: usize,
  width: usize,
  source: usize,
  target: usize,
  rows: usize,
  fresh: usize,
  squares: usize,
): void {
  const stride = width << 2;
  for (let i = from; i < to; i++) {
    const first = <usize>load<i32>(starts + (i << 2));
    const last = <usize>load<i32>(starts + (i << 2), 4);
    const y = target + (rows == 0 ? i : <usize>load<i32>(rows + (i << 2))) * stride;
    if (rows == 0 || load<u8>(fresh + i) != 0) memory.fill(y, 0, stride);
    for (let start = first; start < last; start += BLOCK) {
      const end = min(start + BLOCK, last);
      // Two cache lines of each row at a time, their sums in registers.
      let at: usize = 0;
      for (; at + 128 <= stride; at += 128) add32(source + at, stride, ids, weights, start, end, y + at);
      for (; at + 16 <= stride; at += 16) add4(source + at, stride, ids, weights, start, end, y + at);
      for (; at < stride; at += 4) add1(source + at, stride, ids, weights, start, end, y + at);
    }
    if (squares != 0) store<f64>(squares + (i << 3), squaredNorm(y, width));
  }
}

function add32(x: usize, stride: usize, ids: usize, weights: usize, start: usize, end: usize, y: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let s4 = f32x4.splat(0);
  let s5 = f32x4.splat(0);
  let s6 = f32x4.splat(0);
  let s7 = f32x4.splat(0);
  for (let k = start << 2; k < end << 2; k += 4) {
    const row = x + <usize>load<i32>(ids + k) * stride;
    const weight = v128.load32_splat(weights + k);
    s0 = f32x4.add(s0, f32x4.mul(weight, v128.load(row)));
    s1 = f32x4.add(s1, f32x4.mul(weight, v128.load(row, 16)));
    s2 = f32x4.add(s2, f32x4.mul(weight, v128.load(row, 32)));
    s3 = f32x4.add(s3, f32x4.mul(weight, v128.load(row, 48)));
    s4 = f32x4.add(s4, f32x4.mul(weight, v128.load(row, 64)));
    s5 = f32x4.add(s5, f32x4.mul(weight, v128.load(row, 80)));
    s6 = f32x4.add(s6, f32x4.mul(weight, v128.load(row, 96)));
    s7 = f32x4.add(s7, f32x4.mul(weight, v128.load(row, 112)));
  }
  v128.store(y, f32x4.add(v128.load(y), s0));
  v128.store(y, f32x4.add(v128.load(y, 16), s1), 16);
  v128.store(y, f32x4.add(v128.load(y, 32), s2), 32);
  v128.store(y, f32x4.add(v128.load(y, 48), s3), 48);
  v128.store(y, f32x4.add(v128.load(y, 64), s4), 64);
  v128.store(y, f32x4.add(v128.load(y, 80), s5), 80);
  v128.store(y, f32x4.add(v128.load(y, 96), s6), 96);
  v128.store(y, f32x4.add(v128.load(y, 112), s7), 112);
}

function add4(x: usize, stride: usize, ids: usize, weights: usize, start: usize, end: usize, y: usize): void {
  let sum = f32x4.splat(0);
  for (let k = start << 2; k < end << 2; k += 4) {
    const row = x + <usize>load<i32>(ids + k) * stride;
    sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(weights + k), v128.load(row)));
  }
  v128.store(y, f32x4.add(v128.load(y), sum));
}

function add1(x: usize, stride: usize, ids: usize, weights: usize, start: usize, end: usize, y: usize): void {
  let sum: f32 = 0;
  for (let k = start << 2; k < end << 2; k += 4) {
    sum += load<f32>(weights + k) * load<f32>(x + <usize>load<i32>(ids + k) * stride);
  }
  store<f32>(y, load<f32>(y) + sum);
}

/** y ← y + x, over one row. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function addRow(y: usize, x: usize, width: usize): void {
  const bytes = width << 2;
  const whole = (width & ~3) << 2;
  const lines = (width & ~15) << 2;
  let at: usize = 0;
  // A cache line at a time.
  for (; at < lines; at += 64) {
    const y0 = f32x4.add(v128.load(y + at), v128.load(x + at));
    const y1 = f32x4.add(v128.load(y + at, 16), v128.load(x + at, 16));
    const y2 = f32x4.add(v128.load(y + at, 32), v128.load(x + at, 32));
    const y3 = f32x4.add(v128.load(y + at, 48), v128.load(x + at, 48));
    v128.store(y + at, y0);
    v128.store(y + at, y1, 16);
    v128.store(y + at, y2, 32);
    v128.store(y + at, y3, 48);
  }
  for (; at < whole; at += 16) {
    v128.store(y + at, f32x4.add(v128.load(y + at), v128.load(x + at)));
  }
  for (; at < bytes; at += 4) store<f32>(y + at, load<f32>(y + at) + load<f32>(x + at));
}

/** gradient[ids[i]] += dy[i], in order. */
export function scatterAddRows(gradient: usize, ids: usize, count: usize, width: usize, dy: usize): void {
  const stride = width << 2;
  for (let at: usize = 0; at < count; at++) {
    addRow(gradient + <usize>load<i32>(ids + (at << 2)) * stride, dy + at * stride, width);
  }
}
