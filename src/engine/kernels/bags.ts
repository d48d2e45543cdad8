// AssemblyScript: compiled to WebAssembly with SIMD by scripts/build.mjs. Addresses are bytes; weights are float32, all else is int32.
// Callers have checked every index: nothing here does.

/**
 * Bags as a sparse matrix, see ../bags.ts: bag b is ids[offsets[b]] … ids[offsets[b + 1] − 1]. `entry` (−1) and `named` (0) have a place for
 * each row of the table; `starts`, `columns` and `weights` take the matrix. The number of entries; `named` says in how many bags each row is.
 */
export function collapseBags(
  ids: usize,
  offsets: usize,
  bags: i32,
  entry: usize,
  named: usize,
  starts: usize,
  columns: usize,
  weights: usize,
): i32 {
  let count = 0;
  store<i32>(starts, 0);
  for (let bag = 0; bag < bags; bag++) {
    const from = load<i32>(offsets + (bag << 2));
    const to = load<i32>(offsets + (bag << 2), 4);
    const first = count;
    for (let at = from; at < to; at++) {
      const id = load<i32>(ids + (at << 2)) << 2;
      let place = load<i32>(entry + id);
      // Entries below the bag's first are those of earlier bags.
      if (place < first) {
        place = count++;
        store<i32>(entry + id, place);
        store<i32>(columns + (place << 2), id >> 2);
        store<f32>(weights + (place << 2), 0);
        store<i32>(named + id, load<i32>(named + id) + 1);
      }
      store<f32>(weights + (place << 2), load<f32>(weights + (place << 2)) + 1);
    }
    const size = <f32>(to - from);
    for (let at = first; at < count; at++) {
      store<f32>(weights + (at << 2), load<f32>(weights + (at << 2)) / size);
    }
    store<i32>(starts + (bag << 2), count, 4);
  }
  return count;
}

/** The matrix turned round, bags in order; `next` is room for each row of the table. The number of rows that are named: in `rows`, ascending. */
export function turnBags(
  starts: usize,
  columns: usize,
  weights: usize,
  bags: i32,
  named: usize,
  tableRows: i32,
  next: usize,
  rows: usize,
  rowStarts: usize,
  bagOf: usize,
  shares: usize,
): i32 {
  let count = 0;
  let start = 0;
  store<i32>(rowStarts, 0);
  for (let row = 0; row < tableRows; row++) {
    const times = load<i32>(named + (row << 2));
    if (times == 0) continue;
    store<i32>(next + (row << 2), start);
    start += times;
    store<i32>(rows + (count << 2), row);
    store<i32>(rowStarts + (count << 2), start, 4);
    count++;
  }
  for (let bag = 0; bag < bags; bag++) {
    const end = load<i32>(starts + (bag << 2), 4);
    for (let at = load<i32>(starts + (bag << 2)); at < end; at++) {
      const row = next + (load<i32>(columns + (at << 2)) << 2);
      const place = load<i32>(row);
      store<i32>(row, place + 1);
      store<i32>(bagOf + (place << 2), bag);
      store<f32>(shares + (place << 2), load<f32>(weights + (at << 2)));
    }
  }
  return count;
}
