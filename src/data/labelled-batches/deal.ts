import { type Rng, shuffle } from "../../base/rng.js";

/**
 * Deals `counts[c]` cards of every class c out to hands at random, such that no hand has two of one class and the sizes of hands differ by one at
 * most. Needs hands ≥ every count. Linear in the cards.
 *
 * @returns the classes of each hand.
 */
export function deal(counts: readonly number[], hands: number, generator: Rng): number[][] {
  const dealt: number[][] = Array.from({ length: hands }, () => []);
  // Hands with as many cards as the smallest, and those with one more.
  let low = dealt.map((_, hand) => hand);
  let high: number[] = [];
  const order = shuffle(
    counts.map((_, c) => c),
    generator,
  );
  for (const c of order) {
    const wanted = counts[c] as number;
    const fromLow = drawOut(low, Math.min(wanted, low.length), generator);
    const fromHigh = drawOut(high, wanted - fromLow.length, generator);
    for (const hand of [...fromLow, ...fromHigh]) dealt[hand]?.push(c);
    high.push(...fromLow);
    if (low.length === 0) {
      low = high;
      high = fromHigh;
    }
  }
  return dealt;
}

/**
 * Deals the groups of every class out to batches, in random order: at most `size` different classes each, as many as can be. A class with more
 * groups than other classes can fill batches with makes more and smaller ones. Returns the groups of each batch.
 */
export function dealGroups<G>(groups: readonly (readonly G[])[], size: number, generator: Rng): G[][] {
  const counts = groups.map((of) => of.length);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const most = counts.reduce((largest, count) => Math.max(largest, count), 0);
  const left = counts.slice();
  const hands = deal(counts, Math.max(Math.ceil(total / size), most), generator);
  const take = (c: number) => {
    left[c] = (left[c] as number) - 1;
    return groups[c]?.[left[c]] as G;
  };
  return shuffle(
    hands.map((hand) => hand.map(take)),
    generator,
  );
}

/** How many hands get a card of `size` different classes each, when each hand is full: the most that there can be. */
export function fullHands(counts: readonly number[], size: number): number {
  const enough = (hands: number) => counts.reduce((sum, count) => sum + Math.min(count, hands), 0) >= size * hands;
  let low = 0;
  let high = Math.floor(counts.reduce((sum, count) => sum + count, 0) / size);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (enough(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Takes some at random out of a list, which changes. */
function drawOut(list: number[], count: number, generator: Rng): number[] {
  return Array.from({ length: count }, () => {
    const place = generator.int(list.length);
    const taken = list[place] as number;
    list[place] = list.at(-1) as number;
    list.pop();
    return taken;
  });
}
