/**
 * Holm's adjusted p values (1979): where those below α are called significant, one wrong call among all of them has a probability of at most α,
 * however the tests depend on each other.
 */
export function holm(p: readonly number[]): number[] {
  let least = 0;
  return adjusted(
    p,
    (a, b) => a - b,
    (value, rank) => {
      least = Math.max(least, (p.length - rank) * value);
      return least;
    },
  );
}

/** Benjamini and Hochberg's adjusted p values (1995): of the calls below α, the expected share of wrong ones is at most α, for tests that are independent or positively dependent. */
export function benjaminiHochberg(p: readonly number[]): number[] {
  let most = 1;
  return adjusted(
    p,
    (a, b) => b - a,
    (value, rank) => {
      most = Math.min(most, (p.length / (p.length - rank)) * value);
      return most;
    },
  );
}

/** Visits the values in an order and returns what `adjust` makes of each, at most 1, at its place. */
function adjusted(
  p: readonly number[],
  order: (a: number, b: number) => number,
  adjust: (value: number, rank: number) => number,
): number[] {
  const result = new Array<number>(p.length);
  const visited = p.map((value, place) => ({ value, place })).sort((a, b) => order(a.value, b.value));
  visited.forEach(({ value, place }, rank) => {
    result[place] = Math.min(1, adjust(value, rank));
  });
  return result;
}
