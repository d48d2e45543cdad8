/** How much two partitions of the same items tell of each other. */
export interface Agreement {
  /** Normalised mutual information: 2 I / (H₁ + H₂), 0 … 1. Rises with the number of clusters, even for random ones. */
  readonly nmi: number;
  /** Adjusted for chance (Vinh, Epps and Bailey 2010), with the arithmetic mean: 1 for equal partitions, 0 on average for random ones. */
  readonly ami: number;
}

/** Compares two partitions, each a class for every item. Two partitions of one class each agree fully. */
export function agreement<A, B>(first: readonly A[], second: readonly B[]): Agreement {
  const a = sizesOf(first);
  const b = sizesOf(second);
  const n = first.length;
  const joint = new Map<A, Map<B, number>>();
  first.forEach((x, i) => {
    const row = joint.get(x) ?? new Map<B, number>();
    joint.set(x, row.set(second[i]!, (row.get(second[i]!) ?? 0) + 1));
  });
  let information = 0;
  for (const [x, row] of joint)
    for (const [y, both] of row) information += (both / n) * Math.log((n * both) / (a.get(x)! * b.get(y)!));
  const entropies = (entropy(a, n) + entropy(b, n)) / 2;
  // Equal partitions, up to rounding.
  if (entropies - information < 1e-12 * Math.max(1, entropies)) return { nmi: 1, ami: 1 };
  const expected = expectedInformation([...a.values()], [...b.values()], n);
  return { nmi: Math.max(0, information) / entropies, ami: (information - expected) / (entropies - expected) };
}

function sizesOf<T>(classes: readonly T[]): Map<T, number> {
  const sizes = new Map<T, number>();
  for (const one of classes) sizes.set(one, (sizes.get(one) ?? 0) + 1);
  return sizes;
}

function entropy(sizes: ReadonlyMap<unknown, number>, n: number): number {
  let sum = 0;
  for (const size of sizes.values()) sum -= (size / n) * Math.log(size / n);
  return sum;
}

/** Mutual information that random partitions with classes of these sizes share on average: the sizes of overlaps are hypergeometric. */
function expectedInformation(a: readonly number[], b: readonly number[], n: number): number {
  const logFactorial = new Float64Array(n + 1);
  for (let i = 1; i <= n; i++) logFactorial[i] = logFactorial[i - 1]! + Math.log(i);
  const f = (i: number): number => logFactorial[i]!;
  let sum = 0;
  // Equal sizes give equal terms.
  for (const [x, timesX] of sizesOf(a)) {
    for (const [y, timesY] of sizesOf(b)) {
      const constant = f(x) + f(y) + f(n - x) + f(n - y) - f(n);
      for (let both = Math.max(1, x + y - n); both <= Math.min(x, y); both++) {
        const probability = Math.exp(constant - f(both) - f(x - both) - f(y - both) - f(n - x - y + both));
        sum += timesX * timesY * (both / n) * Math.log((n * both) / (x * y)) * probability;
      }
    }
  }
  return sum;
}
