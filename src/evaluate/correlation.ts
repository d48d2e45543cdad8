/** Ranks from 1; equal values share the mean of theirs. */
export function midRanks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(order.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + 1 + end) / 2;
  }
  return ranks;
}

/** Pearson's correlation of two vectors of one length, −1 … 1; null where it is undefined: fewer than 2 values, or one vector constant. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const x = centred(a);
  const y = centred(b);
  const scale = Math.sqrt(dot(x, x)) * Math.sqrt(dot(y, y));
  return isConstant(a) || isConstant(b) || scale === 0 ? null : Math.max(-1, Math.min(1, dot(x, y) / scale));
}

/** Spearman's rank correlation, ties at their mean rank; null as for `pearson`. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  return pearson(midRanks(a), midRanks(b));
}

/**
 * Kendall's tau-b, −1 … 1: pairs in the same order less pairs in the opposite one, over the geometric mean of the numbers of pairs without a tie in each vector.
 * By Knight's method (1966) in O(n log n). Null as for `pearson`.
 */
export function kendall(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const order = Array.from(a, (_, i) => i).sort((i, j) => a[i]! - a[j]! || b[i]! - b[j]!);
  const pairs = (n: number): number => (n * (n - 1)) / 2;
  const tiedPairs = (equal: (i: number, j: number) => boolean, sorted: readonly number[]): number => {
    let total = 0;
    for (let start = 0, end = 0; start < sorted.length; start = end) {
      while (end < sorted.length && equal(sorted[start]!, sorted[end]!)) end++;
      total += pairs(end - start);
    }
    return total;
  };
  const sortedB = order.toSorted((i, j) => b[i]! - b[j]!);
  const all = pairs(order.length);
  const tiedA = tiedPairs((i, j) => a[i] === a[j], order);
  const tiedB = tiedPairs((i, j) => b[i] === b[j], sortedB);
  const tiedBoth = tiedPairs((i, j) => a[i] === a[j] && b[i] === b[j], order);
  const scale = Math.sqrt(all - tiedA) * Math.sqrt(all - tiedB);
  const discordant = inversions(Float64Array.from(order, (i) => b[i]!));
  return scale === 0 ? null : Math.max(-1, Math.min(1, (all - tiedA - tiedB + tiedBoth - 2 * discordant) / scale));
}

/** Pairs that stand in descending order, counted while merging. Sorts the values. */
function inversions(values: Float64Array): number {
  let from: Float64Array = values;
  let to: Float64Array = new Float64Array(values.length);
  let count = 0;
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length);
      const end = Math.min(start + 2 * width, values.length);
      for (let left = start, right = middle, at = start; at < end; at++) {
        const takesRight = left === middle || (right < end && from[right]! < from[left]!);
        if (takesRight) count += middle - left;
        to[at] = takesRight ? from[right++]! : from[left++]!;
      }
    }
    [from, to] = [to, from];
  }
  return count;
}

/** Values less their mean. The first value is taken off before: beside a large offset a mean loses digits. */
function centred(values: ArrayLike<number>): Float64Array {
  const once = Float64Array.from(values, (value) => value - values[0]!);
  const mean = once.reduce((sum, value) => sum + value, 0) / once.length;
  return once.map((value) => value - mean);
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
