// AssemblyScript: compiled to WebAssembly with SIMD by scripts/build.mjs. Addresses are bytes. The best k rows of each query, in two steps: `scan`
// notes every row whose approximate product could belong there, `settle` computes the products of those exactly. What is kept for a query:
//
//     noted       int32, float32 [capacity]    rows, ascending, and their approximations; `counts` of them
//     histogram   int32 [BINS]        how many approximations lie where, from −BINS / 2 to BINS / 2 `widths`
//     reached     int32 [2]           a bin from which on there are k of them and more, and how many; no k yet while it is bin 0
//     found       float64, int32 [k]  the best exact products and their rows, a heap with the worst at the root; (floor, −1) where there are none
//
// An approximation times the query's `unit` is at most `slack` units from the exact product.

const BINS: i32 = 2048;

/** What an approximation must be: k exact products are at least the lower edge of `bin` − slack, and a better one than `floor` is wanted. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function threshold(bin: i32, width: f64, floor: f64, slack: f64, unit: f64): f32 {
  // A hundredth of a bin covers the rounding of a bin's number.
  const edge = bin == 0 ? -Infinity : (<f64>(bin - BINS / 2) - 0.01) * width;
  return <f32>max(edge - 2 * slack, floor / unit - slack);
}

// @ts-ignore: decorators are AssemblyScript's
@inline
function four(int8: bool, product: usize, scale: usize): v128 {
  return int8 ? f32x4.mul(f32x4.convert_i32x4_s(v128.load(product)), v128.load(scale)) : v128.load(product);
}

// @ts-ignore: decorators are AssemblyScript's
@inline
function one(int8: bool, product: usize, scale: usize): f32 {
  return int8 ? <f32>load<i32>(product) * load<f32>(scale) : load<f32>(product);
}

// @ts-ignore: decorators are AssemblyScript's
@inline
function scanAll(
  int8: bool,
  products: usize,
  scales: usize,
  columns: i32,
  first: i32,
  queries: i32,
  k: i32,
  capacity: i32,
  histograms: usize,
  reached: usize,
  widths: usize,
  counts: usize,
  rows: usize,
  approximations: usize,
  scores: usize,
  slacks: usize,
  units: usize,
): i32 {
  const groups = columns & ~15;
  let most = 0;
  for (let query = 0; query < queries; query++) {
    const histogram = histograms + <usize>query * (BINS << 2);
    const width = load<f64>(widths + (<usize>query << 3));
    const bins = width == 0 ? 0 : 1 / width;
    let bin = load<i32>(reached + (<usize>query << 3));
    let above = load<i32>(reached + (<usize>query << 3), 4);
    const floor = load<f64>(scores + ((<usize>query * k) << 3));
    const slack = load<f64>(slacks + (<usize>query << 3));
    const unit = load<f64>(units + (<usize>query << 3));
    const noted = (<usize>query * capacity) << 2;
    let count = load<i32>(counts + (<usize>query << 2));
    let least = threshold(bin, width, floor, slack, unit);
    const line = products + ((<usize>query * columns) << 2);
    for (let group = 0; group < columns; group += 16) {
      const at = line + (<usize>group << 2);
      const scale = scales + (<usize>group << 2);
      let mask = 0;
      if (group < groups) {
        const t = f32x4.splat(least);
        const a = f32x4.ge(four(int8, at, scale), t);
        const b = f32x4.ge(four(int8, at + 16, scale + 16), t);
        const c = f32x4.ge(four(int8, at + 32, scale + 32), t);
        const d = f32x4.ge(four(int8, at + 48, scale + 48), t);
        if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
        mask = i32x4.bitmask(a) | (i32x4.bitmask(b) << 4) | (i32x4.bitmask(c) << 8) | (i32x4.bitmask(d) << 12);
      } else {
        for (let i = 0; i < columns - group; i++)
          if (one(int8, at + (<usize>i << 2), scale + (<usize>i << 2)) >= least) mask |= 1 << i;
      }
      for (; mask != 0; mask &= mask - 1) {
        const i = ctz(mask);
        const value = one(int8, at + (<usize>i << 2), scale + (<usize>i << 2));
        store<i32>(rows + noted + (<usize>count << 2), first + group + i);
        store<f32>(approximations + noted + (<usize>count << 2), value);
        count++;
        const own = min(max(<i32>(<f64>value * bins + BINS / 2), 0), BINS - 1);
        if (own < bin) continue;
        const place = histogram + (<usize>own << 2);
        store<i32>(place, load<i32>(place) + 1);
        above++;
        const before = bin;
        for (;;) {
          const here = load<i32>(histogram + (<usize>bin << 2));
          if (above - here < k) break;
          above -= here;
          bin++;
        }
        if (bin > before) least = threshold(bin, width, floor, slack, unit);
      }
    }
    store<i32>(counts + (<usize>query << 2), count);
    store<i32>(reached + (<usize>query << 3), bin);
    store<i32>(reached + (<usize>query << 3), above, 4);
    most = max(most, count);
  }
  return most;
}

/** Notes the rows `first` … of float32 products [queries, columns]. The most that are noted for a query. There must be room for all columns. */
export function scan(
  products: usize,
  columns: i32,
  first: i32,
  queries: i32,
  k: i32,
  capacity: i32,
  histograms: usize,
  reached: usize,
  widths: usize,
  counts: usize,
  rows: usize,
  approximations: usize,
  scores: usize,
  slacks: usize,
  units: usize,
): i32 {
  return scanAll(false, products, 0, columns, first, queries, k, capacity, histograms, reached, widths, counts, rows, approximations, scores, slacks, units);
}

/** The same for int32 products, each times the scale of its column. */
export function scanInt8(
  products: usize,
  scales: usize,
  columns: i32,
  first: i32,
  queries: i32,
  k: i32,
  capacity: i32,
  histograms: usize,
  reached: usize,
  widths: usize,
  counts: usize,
  rows: usize,
  approximations: usize,
  scores: usize,
  slacks: usize,
  units: usize,
): i32 {
  return scanAll(true, products, scales, columns, first, queries, k, capacity, histograms, reached, widths, counts, rows, approximations, scores, slacks, units);
}

/** Forgets rows that fall short by now. The most that are left for a query. */
export function forget(
  queries: i32,
  k: i32,
  capacity: i32,
  histograms: usize,
  reached: usize,
  widths: usize,
  counts: usize,
  rows: usize,
  approximations: usize,
  scores: usize,
  slacks: usize,
  units: usize,
): i32 {
  let most = 0;
  for (let query = 0; query < queries; query++) {
    const least = threshold(
      load<i32>(reached + (<usize>query << 3)),
      load<f64>(widths + (<usize>query << 3)),
      load<f64>(scores + ((<usize>query * k) << 3)),
      load<f64>(slacks + (<usize>query << 3)),
      load<f64>(units + (<usize>query << 3)),
    );
    const noted = (<usize>query * capacity) << 2;
    const end = noted + (<usize>load<i32>(counts + (<usize>query << 2)) << 2);
    let to = noted;
    for (let at = noted; at < end; at += 4) {
      const value = load<f32>(approximations + at);
      if (value < least) continue;
      store<f32>(approximations + to, value);
      store<i32>(rows + to, load<i32>(rows + at));
      to += 4;
    }
    const count = <i32>((to - noted) >> 2);
    store<i32>(counts + (<usize>query << 2), count);
    most = max(most, count);
  }
  return most;
}

/** a · b in float64: the product of values i goes to partial sum i mod 8, so the result is a function of the vectors alone. */
export function dot(a: usize, b: usize, count: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  const end = a + (<usize>count << 2);
  const whole = a + (<usize>(count & ~7) << 2);
  for (; a < whole; a += 32, b += 32) {
    const x = v128.load(a);
    const y = v128.load(b);
    const u = v128.load(a, 16);
    const v = v128.load(b, 16);
    s0 = f64x2.add(s0, f64x2.mul(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y)));
    s1 = f64x2.add(s1, f64x2.mul(high(x), high(y)));
    s2 = f64x2.add(s2, f64x2.mul(f64x2.promote_low_f32x4(u), f64x2.promote_low_f32x4(v)));
    s3 = f64x2.add(s3, f64x2.mul(high(u), high(v)));
  }
  let tail: f64 = 0;
  for (; a < end; a += 4, b += 4) tail += <f64>load<f32>(a) * <f64>load<f32>(b);
  const sum = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1) + tail;
}

// @ts-ignore: decorators are AssemblyScript's
@inline
function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<u32>(x, x, 2, 3, 2, 3));
}

/** Puts a product and its row where it belongs from the root on, in a heap of `size` with the worst at the root. */
function place(scores: usize, rows: usize, size: i32, score: f64, row: i32): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= size) break;
    if (child + 1 < size && worse(scores, rows, child + 1, load<f64>(scores + (<usize>child << 3)), load<i32>(rows + (<usize>child << 2))))
      child++;
    if (!worse(scores, rows, child, score, row)) break;
    store<f64>(scores + (<usize>at << 3), load<f64>(scores + (<usize>child << 3)));
    store<i32>(rows + (<usize>at << 2), load<i32>(rows + (<usize>child << 2)));
    at = child;
  }
  store<f64>(scores + (<usize>at << 3), score);
  store<i32>(rows + (<usize>at << 2), row);
}

/** Whether what stands at `at` is worse: a lower product, or an equal one of a later row. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function worse(scores: usize, rows: usize, at: i32, score: f64, row: i32): bool {
  const other = load<f64>(scores + (<usize>at << 3));
  return other < score || (other == score && load<i32>(rows + (<usize>at << 2)) > row);
}

/** Rows that are fetched side by side: a row alone would wait for memory several times as long as its product takes. */
const TOUCHED: usize = 8;
const LINE: usize = 64;
/** What `touch` has read. It means nothing, but without it nothing would be read. */
let touched: i32 = 0;

/** Has the processor fetch all lines of a row, without waiting for any of them. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function touch(row: usize, bytes: usize): void {
  let read = 0;
  for (let at: usize = 0; at < bytes; at += LINE) read ^= load<i32>(row + at);
  touched ^= read;
}

/**
 * Offers what is noted of the rows `first` … `last` − 1, which lie from `address` on, to what is found, by exact products. `done` counts the noted rows of each
 * query that were offered before; called for one set of rows after another, so that their vectors stay near the processor.
 */
export function settle(
  vectors: usize,
  dimension: i32,
  address: usize,
  first: i32,
  last: i32,
  done: usize,
  foundRows: usize,
  queries: i32,
  k: i32,
  capacity: i32,
  histograms: usize,
  reached: usize,
  widths: usize,
  counts: usize,
  rows: usize,
  approximations: usize,
  scores: usize,
  slacks: usize,
  units: usize,
): void {
  const stride = <usize>dimension << 2;
  for (let query = 0; query < queries; query++) {
    const bestScores = scores + ((<usize>query * k) << 3);
    const bestRows = foundRows + ((<usize>query * k) << 2);
    const bin = load<i32>(reached + (<usize>query << 3));
    const width = load<f64>(widths + (<usize>query << 3));
    const slack = load<f64>(slacks + (<usize>query << 3));
    const unit = load<f64>(units + (<usize>query << 3));
    let least = threshold(bin, width, load<f64>(bestScores), slack, unit);
    const noted = (<usize>query * capacity) << 2;
    const end = noted + (<usize>load<i32>(counts + (<usize>query << 2)) << 2);
    let at = noted + (<usize>load<i32>(done + (<usize>query << 2)) << 2);
    while (at < end && load<i32>(rows + at) < last) {
      const stop = min(end, at + (TOUCHED << 2));
      for (let next = at; next < stop; next += 4) {
        const row = load<i32>(rows + next);
        if (row >= last) break;
        if (load<f32>(approximations + next) >= least) touch(address + <usize>(row - first) * stride, stride);
      }
      for (; at < stop; at += 4) {
        const row = load<i32>(rows + at);
        if (row >= last) break;
        if (load<f32>(approximations + at) < least) continue;
        const score = dot(vectors + <usize>query * stride, address + <usize>(row - first) * stride, dimension);
        if (!worse(bestScores, bestRows, 0, score, row)) continue;
        place(bestScores, bestRows, k, score, row);
        least = threshold(bin, width, load<f64>(bestScores), slack, unit);
      }
    }
    store<i32>(done + (<usize>query << 2), <i32>((at - noted) >> 2));
  }
}

/** Turns the heaps of what was found into lists, best first. */
export function order(queries: i32, k: i32, scores: usize, rows: usize): void {
  for (let query = 0; query < queries; query++) {
    const bestScores = scores + ((<usize>query * k) << 3);
    const bestRows = rows + ((<usize>query * k) << 2);
    for (let last = k - 1; last > 0; last--) {
      const score = load<f64>(bestScores + (<usize>last << 3));
      const row = load<i32>(bestRows + (<usize>last << 2));
      store<f64>(bestScores + (<usize>last << 3), load<f64>(bestScores));
      store<i32>(bestRows + (<usize>last << 2), load<i32>(bestRows));
      place(bestScores, bestRows, last, score, row);
    }
  }
}
