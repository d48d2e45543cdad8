/** A binary heap of pairs with the count each had when it was put in. */
export interface PairHeap {
  push(pair: number, count: number): void;
  /** Takes the first off; null when empty. */
  pop(): { readonly pair: number; readonly count: number } | null;
}

/** Highest count first; `before(a, b)` decides between pairs of equal count. */
export function pairHeap(before: (a: number, b: number) => boolean): PairHeap {
  const pairs: number[] = [];
  const counts: number[] = [];
  const above = (i: number, j: number): boolean =>
    counts[i]! !== counts[j]! ? counts[i]! > counts[j]! : before(pairs[i]!, pairs[j]!);
  const swap = (i: number, j: number): void => {
    [pairs[i], pairs[j]] = [pairs[j]!, pairs[i]!];
    [counts[i], counts[j]] = [counts[j]!, counts[i]!];
  };
  return {
    push(pair, count) {
      let at = pairs.push(pair) - 1;
      counts.push(count);
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!above(at, parent)) break;
        swap(at, parent);
        at = parent;
      }
    },
    pop() {
      if (pairs.length === 0) return null;
      swap(0, pairs.length - 1);
      const first = { pair: pairs.pop()!, count: counts.pop()! };
      for (let at = 0; ; ) {
        let best = at;
        for (const child of [2 * at + 1, 2 * at + 2]) if (child < pairs.length && above(child, best)) best = child;
        if (best === at) return first;
        swap(at, best);
        at = best;
      }
    },
  };
}
