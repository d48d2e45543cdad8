// AssemblyScript: compiled to WebAssembly with SIMD by scripts/build.mjs. Addresses are bytes. The best k rows of each query, in two steps: `scan`
// notes every row whose approximate product could belong there, `settle` computes the products of those exactly.

const BINS: i32 = 2048;

/** The queries of a search and what is kept of each, in numbers of 4 bytes, which nearest-state.ts writes. */
// @ts-ignore: decorators are AssemblyScript's
@unmanaged
class Search {
  queries: i32;
  /** How many are wanted. */
  k: i32;
  /** How many can be noted. */
  capacity: i32;
  /** How many rows must reach what `tell` tells. */
  quota: i32;
  /** float64 [queries]: only products above are wanted, or at least these where others tell so. */
  floors: usize;
  /** float64 [queries]: a product of 1 in what `scan` reads stands for so much. */
  units: usize;
  /** int32 [queries], for int8: how many whole numbers the quantising of a row moves a product at most, before the row's scale. */
  shifts: usize;
  /** float64 [queries]: how far an approximation can be from the exact product besides, in units. */
  slacks: usize;
  /** float64 [queries]: of a bin. */
  widths: usize;
  /** int32 [queries, BINS]: how many products are at least there, from −BINS / 2 to BINS / 2 `widths`, but for the slack. */
  histograms: usize;
  /** int32 [queries, 2]: a bin from which on there are k of them and more, and how many; no k yet while it is bin 0. */
  reached: usize;
  /** int32 [queries]: how many rows are noted. */
  counts: usize;
  /** int32 [queries, capacity]: the rows, ascending. */
  rows: usize;
  /** float32 [queries, capacity]: what their products are at most, but for the slack. */
  most: usize;
  /** int32 [queries]: how many of them were offered to what is found. */
  offered: usize;
  /** float32 [queries, dimension]. */
  vectors: usize;
  dimension: i32;
  /** float64 [queries, k]: the best exact products, a heap with the worst at the root; what is wanted at least where there are none. */
  scores: usize;
  /** int32 [queries, k]: their rows; −1. */
  found: usize;
}

// @ts-ignore: decorators are AssemblyScript's
@inline
function float64At(values: usize, query: i32): f64 {
  return load<f64>(values + (<usize>query << 3));
}

// @ts-ignore: decorators are AssemblyScript's
@inline
function int32At(values: usize, query: i32): i32 {
  return load<i32>(values + (<usize>query << 2));
}

/** What of products is at least in a bin. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function edge(bin: i32, width: f64): f64 {
  // A hundredth of a bin covers the rounding of a bin's number.
  return bin == 0 ? -Infinity : (<f64>(bin - BINS / 2) - 0.01) * width;
}

/** What a row's product must reach, were it as great as it can be: k exact products are at least the lower edge of the query's bin − slack, and one of at least a floor is wanted. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function threshold(search: Search, query: i32, bin: i32): f32 {
  const floor = max(float64At(search.floors, query), float64At(search.scores, query * search.k));
  const slack = float64At(search.slacks, query);
  return <f32>max(edge(bin, float64At(search.widths, query)) - 2 * slack, floor / float64At(search.units, query) - slack);
}

// @ts-ignore: decorators are AssemblyScript's
@inline
function four(int8: bool, product: usize, shift: v128, scale: usize): v128 {
  const read = v128.load(product);
  return int8 ? f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(read, shift)), v128.load(scale)) : read;
}

// @ts-ignore: decorators are AssemblyScript's
@inline
function one(int8: bool, product: usize, shift: i32, scale: usize): f32 {
  return int8 ? <f32>(load<i32>(product) + shift) * load<f32>(scale) : load<f32>(product);
}

// @ts-ignore: decorators are AssemblyScript's
@inline
function scanAll(int8: bool, products: usize, scales: usize, columns: i32, first: i32, search: Search): i32 {
  const groups = columns & ~15;
  const k = search.k;
  let greatest = 0;
  for (let query = 0; query < search.queries; query++) {
    const histogram = search.histograms + <usize>query * (BINS << 2);
    const reached = search.reached + (<usize>query << 3);
    const width = float64At(search.widths, query);
    const bins = width == 0 ? 0 : 1 / width;
    const shift = int8 ? int32At(search.shifts, query) : 0;
    const up = i32x4.splat(shift);
    let bin = load<i32>(reached);
    let above = load<i32>(reached, 4);
    const noted = (<usize>query * search.capacity) << 2;
    let count = int32At(search.counts, query);
    let row = search.rows + noted + (<usize>count << 2);
    let most = search.most + noted + (<usize>count << 2);
    let least = threshold(search, query, bin);
    const line = products + ((<usize>query * columns) << 2);
    for (let group = 0; group < columns; group += 16) {
      const at = line + (<usize>group << 2);
      const scale = scales + (<usize>group << 2);
      let mask = 0;
      if (group < groups) {
        const t = f32x4.splat(least);
        const a = f32x4.ge(four(int8, at, up, scale), t);
        const b = f32x4.ge(four(int8, at + 16, up, scale + 16), t);
        const c = f32x4.ge(four(int8, at + 32, up, scale + 32), t);
        const d = f32x4.ge(four(int8, at + 48, up, scale + 48), t);
        if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
        mask = i32x4.bitmask(a) | (i32x4.bitmask(b) << 4) | (i32x4.bitmask(c) << 8) | (i32x4.bitmask(d) << 12);
      } else {
        for (let i = 0; i < columns - group; i++)
          if (one(int8, at + (<usize>i << 2), shift, scale + (<usize>i << 2)) >= least) mask |= 1 << i;
      }
      for (; mask != 0; mask &= mask - 1) {
        const i = ctz(mask);
        const product = at + (<usize>i << 2);
        const factor = scale + (<usize>i << 2);
        store<i32>(row, first + group + i);
        store<f32>(most, one(int8, product, shift, factor));
        row += 4;
        most += 4;
        const low = <f64>one(int8, product, -shift, factor);
        const own = min(max(<i32>(low * bins + BINS / 2), 0), BINS - 1);
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
        if (bin > before) least = threshold(search, query, bin);
      }
    }
    count = <i32>((row - search.rows - noted) >> 2);
    store<i32>(search.counts + (<usize>query << 2), count);
    store<i32>(reached, bin);
    store<i32>(reached, above, 4);
    greatest = max(greatest, count);
  }
  return greatest;
}

/** Notes the rows `first` … of float32 products [queries, columns]. The most that are noted for a query. There must be room for all columns. */
export function scan(products: usize, columns: i32, first: i32, search: Search): i32 {
  return scanAll(false, products, 0, columns, first, search);
}

/** The same for int32 products, each times the scale of its column. */
export function scanInt8(products: usize, scales: usize, columns: i32, first: i32, search: Search): i32 {
  return scanAll(true, products, scales, columns, first, search);
}

/** float64 [queries]: products that `quota` rows reach. */
export function tell(search: Search, told: usize): void {
  for (let query = 0; query < search.queries; query++) {
    const histogram = search.histograms + <usize>query * (BINS << 2);
    const reached = search.reached + (<usize>query << 3);
    let bin = load<i32>(reached);
    let above = load<i32>(reached, 4);
    for (; above >= search.quota; bin++) above -= load<i32>(histogram + (<usize>bin << 2));
    // The last bin was one too many. Bin 0 reaches down without end.
    const from = edge(max(bin - 1, 0), float64At(search.widths, query));
    store<f64>(told + (<usize>query << 3), (from - float64At(search.slacks, query)) * float64At(search.units, query));
  }
}

/** Forgets rows that fall short by now. The most that are left for a query. */
export function forget(search: Search): i32 {
  let greatest = 0;
  for (let query = 0; query < search.queries; query++) {
    const least = threshold(search, query, int32At(search.reached, 2 * query));
    const rows = search.rows + ((<usize>query * search.capacity) << 2);
    const most = search.most + ((<usize>query * search.capacity) << 2);
    const end = <usize>int32At(search.counts, query) << 2;
    let to: usize = 0;
    for (let at: usize = 0; at < end; at += 4) {
      const value = load<f32>(most + at);
      if (value < least) continue;
      store<f32>(most + to, value);
      store<i32>(rows + to, load<i32>(rows + at));
      to += 4;
    }
    const count = <i32>(to >> 2);
    store<i32>(search.counts + (<usize>query << 2), count);
    greatest = max(greatest, count);
  }
  return greatest;
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
 * Offers what is noted of the rows `first` … `last` − 1, which lie from `address` on, to what is found, by exact products. Called for one set of rows after
 * another, so that their vectors stay near the processor.
 */
export function settle(address: usize, first: i32, last: i32, search: Search): void {
  const k = search.k;
  const dimension = search.dimension;
  const stride = <usize>dimension << 2;
  for (let query = 0; query < search.queries; query++) {
    const vector = search.vectors + <usize>query * stride;
    const scores = search.scores + ((<usize>query * k) << 3);
    const found = search.found + ((<usize>query * k) << 2);
    const bin = int32At(search.reached, 2 * query);
    const rows = search.rows + ((<usize>query * search.capacity) << 2);
    const most = search.most + ((<usize>query * search.capacity) << 2);
    const end = <usize>int32At(search.counts, query) << 2;
    let at = <usize>int32At(search.offered, query) << 2;
    let least = threshold(search, query, bin);
    while (at < end && load<i32>(rows + at) < last) {
      const stop = min(end, at + (TOUCHED << 2));
      for (let next = at; next < stop; next += 4) {
        const row = load<i32>(rows + next);
        if (row >= last) break;
        if (load<f32>(most + next) >= least) touch(address + <usize>(row - first) * stride, stride);
      }
      for (; at < stop; at += 4) {
        const row = load<i32>(rows + at);
        if (row >= last) break;
        if (load<f32>(most + at) < least) continue;
        const score = dot(vector, address + <usize>(row - first) * stride, dimension);
        if (!worse(scores, found, 0, score, row)) continue;
        place(scores, found, k, score, row);
        least = threshold(search, query, bin);
      }
    }
    store<i32>(search.offered + (<usize>query << 2), <i32>(at >> 2));
  }
}

/** Turns the heaps of what was found into lists, best first. */
export function order(search: Search): void {
  const k = search.k;
  for (let query = 0; query < search.queries; query++) {
    const scores = search.scores + ((<usize>query * k) << 3);
    const found = search.found + ((<usize>query * k) << 2);
    for (let last = k - 1; last > 0; last--) {
      const score = load<f64>(scores + (<usize>last << 3));
      const row = load<i32>(found + (<usize>last << 2));
      store<f64>(scores + (<usize>last << 3), load<f64>(scores));
      store<i32>(found + (<usize>last << 2), load<i32>(found));
      place(scores, found, last, score, row);
    }
  }
}
