// AssemblyScript: compiled to WebAssembly with SIMD by scripts/build.mjs. Addresses are bytes, ids and offsets are int32,
// tables are float32 [rows, width]. Callers have checked ids and offsets: nothing here does.

/** y ← y + a · x, over one row. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function addRow(y: usize, x: usize, width: usize, a: f32): void {
  const va = f32x4.splat(a);
  const bytes = width << 2;
  const whole = (width & ~3) << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    v128.store(y + at, f32x4.add(v128.load(y + at), f32x4.mul(v128.load(x + at), va)));
  }
  for (; at < bytes; at += 4) store<f32>(y + at, load<f32>(y + at) + load<f32>(x + at) * a);
}

/** out[b] ← mean of table[ids[offsets[b]]] … table[ids[offsets[b + 1] − 1]]; zeros for an empty bag. */
export function bagMean(table: usize, ids: usize, offsets: usize, bags: usize, width: usize, out: usize): void {
  const stride = width << 2;
  memory.fill(out, 0, bags * stride);
  for (let bag: usize = 0; bag < bags; bag++) {
    const from = <usize>load<i32>(offsets + (bag << 2));
    const to = <usize>load<i32>(offsets + (bag << 2), 4);
    if (from == to) continue;
    const share = <f32>1 / <f32>(to - from);
    for (let at = from; at < to; at++) {
      addRow(out + bag * stride, table + <usize>load<i32>(ids + (at << 2)) * stride, width, share);
    }
  }
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
