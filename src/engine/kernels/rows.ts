// AssemblyScript: compiled to WebAssembly with SIMD by scripts/build.mjs. Addresses are bytes, ids and offsets are int32,
// tables are float32 [rows, width]. Callers have checked ids and offsets: nothing here does.

/** y ← y + a · x, over one row. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function addRow(y: usize, x: usize, width: usize, a: f32): void {
  const va = f32x4.splat(a);
  const bytes = width << 2;
  const whole = (width & ~3) << 2;
  const lines = (width & ~15) << 2;
  let at: usize = 0;
  // A cache line at a time.
  for (; at < lines; at += 64) {
    const y0 = f32x4.add(v128.load(y + at), f32x4.mul(v128.load(x + at), va));
    const y1 = f32x4.add(v128.load(y + at, 16), f32x4.mul(v128.load(x + at, 16), va));
    const y2 = f32x4.add(v128.load(y + at, 32), f32x4.mul(v128.load(x + at, 32), va));
    const y3 = f32x4.add(v128.load(y + at, 48), f32x4.mul(v128.load(x + at, 48), va));
    v128.store(y + at, y0);
    v128.store(y + at, y1, 16);
    v128.store(y + at, y2, 32);
    v128.store(y + at, y3, 48);
  }
  for (; at < whole; at += 16) {
    v128.store(y + at, f32x4.add(v128.load(y + at), f32x4.mul(v128.load(x + at), va)));
  }
  for (; at < bytes; at += 4) store<f32>(y + at, load<f32>(y + at) + load<f32>(x + at) * a);
}

/** Rows that are summed before they meet the rows summed before them: rounding grows with their number, not with the bag's. */
const BLOCK: usize = 32;

/** out[b] ← mean of table[ids[offsets[b]]] … table[ids[offsets[b + 1] − 1]]; zeros for an empty bag. */
export function bagMean(table: usize, ids: usize, offsets: usize, bags: usize, width: usize, out: usize): void {
  const stride = width << 2;
  memory.fill(out, 0, bags * stride);
  for (let bag: usize = 0; bag < bags; bag++) {
    const from = ids + (<usize>load<i32>(offsets + (bag << 2)) << 2);
    const to = ids + (<usize>load<i32>(offsets + (bag << 2), 4) << 2);
    if (from == to) continue;
    const share = <f32>1 / <f32>((to - from) >> 2);
    const target = out + bag * stride;
    // A cache line of each row at a time, its sum in registers.
    let at: usize = 0;
    for (; at + 64 <= stride; at += 64) meanOf16(table + at, stride, from, to, share, target + at);
    for (; at + 16 <= stride; at += 16) meanOf4(table + at, stride, from, to, share, target + at);
    for (; at < stride; at += 4) meanOf1(table + at, stride, from, to, share, target + at);
  }
}

function meanOf16(column: usize, stride: usize, from: usize, to: usize, share: f32, out: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  for (let start = from; start < to; start += BLOCK << 2) {
    const end = min(start + (BLOCK << 2), to);
    let p0 = f32x4.splat(0);
    let p1 = f32x4.splat(0);
    let p2 = f32x4.splat(0);
    let p3 = f32x4.splat(0);
    for (let id = start; id < end; id += 4) {
      const row = column + <usize>load<i32>(id) * stride;
      p0 = f32x4.add(p0, v128.load(row));
      p1 = f32x4.add(p1, v128.load(row, 16));
      p2 = f32x4.add(p2, v128.load(row, 32));
      p3 = f32x4.add(p3, v128.load(row, 48));
    }
    s0 = f32x4.add(s0, p0);
    s1 = f32x4.add(s1, p1);
    s2 = f32x4.add(s2, p2);
    s3 = f32x4.add(s3, p3);
  }
  const factor = f32x4.splat(share);
  v128.store(out, f32x4.mul(s0, factor));
  v128.store(out, f32x4.mul(s1, factor), 16);
  v128.store(out, f32x4.mul(s2, factor), 32);
  v128.store(out, f32x4.mul(s3, factor), 48);
}

function meanOf4(column: usize, stride: usize, from: usize, to: usize, share: f32, out: usize): void {
  let sum = f32x4.splat(0);
  for (let start = from; start < to; start += BLOCK << 2) {
    const end = min(start + (BLOCK << 2), to);
    let part = f32x4.splat(0);
    for (let id = start; id < end; id += 4) part = f32x4.add(part, v128.load(column + <usize>load<i32>(id) * stride));
    sum = f32x4.add(sum, part);
  }
  v128.store(out, f32x4.mul(sum, f32x4.splat(share)));
}

function meanOf1(column: usize, stride: usize, from: usize, to: usize, share: f32, out: usize): void {
  let sum: f32 = 0;
  for (let start = from; start < to; start += BLOCK << 2) {
    const end = min(start + (BLOCK << 2), to);
    let part: f32 = 0;
    for (let id = start; id < end; id += 4) part += load<f32>(column + <usize>load<i32>(id) * stride);
    sum += part;
  }
  store<f32>(out, sum * share);
}

/** gradient[ids[i]] += dy[b] / (size of bag b), for every id i of every bag b, in order. */
export function bagGradient(gradient: usize, ids: usize, offsets: usize, bags: usize, width: usize, dy: usize): void {
  const stride = width << 2;
  for (let bag: usize = 0; bag < bags; bag++) {
    const from = <usize>load<i32>(offsets + (bag << 2));
    const to = <usize>load<i32>(offsets + (bag << 2), 4);
    const share = <f32>1 / <f32>(to - from);
    for (let at = from; at < to; at++) {
      addRow(gradient + <usize>load<i32>(ids + (at << 2)) * stride, dy + bag * stride, width, share);
    }
  }
}

/** gradient[ids[i]] += dy[i], in order. */
export function scatterAddRows(gradient: usize, ids: usize, count: usize, width: usize, dy: usize): void {
  const stride = width << 2;
  for (let at: usize = 0; at < count; at++) {
    addRow(gradient + <usize>load<i32>(ids + (at << 2)) * stride, dy + at * stride, width, 1);
  }
}
