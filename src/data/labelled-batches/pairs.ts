import { shuffle } from "../../base/rng.js";
import { atLeast, classesOf, drawOf, enoughClasses, sample } from "./classes.js";
import { deal, fullHands } from "./deal.js";
import type { ClassItem, Draw, LabelledEpoch } from "./types.js";

/** Two items of one class. */
export interface ClassPair<I> {
  readonly anchor: I;
  readonly positive: I;
}

/**
 * N pairs from N different classes in every batch, as N-pair losses need them (Sohn 2016, section 3.2): no batch is short, none has two pairs of a class. As
 * many batches as the items allow without using one twice; the rest is left out, another one in each epoch. Throws `too-few-classes` where fewer than
 * N classes have two items.
 */
export function distinctClassPairs<I extends ClassItem>(
  items: readonly I[],
  { pairs }: { readonly pairs: number },
  draw: Draw,
): LabelledEpoch<I, ClassPair<I>> {
  atLeast("pairs", pairs, 1);
  const generator = drawOf("pairs", draw);
  const all = classesOf(items).filter(({ items: members }) => members.length > 1);
  enoughClasses(all.length, pairs, "classes with two items");
  const made = all.map(({ items: members }) => {
    const order = shuffle([...members], generator);
    return Array.from({ length: Math.floor(order.length / 2) }, (_, i) => ({
      anchor: order[2 * i] as I,
      positive: order[2 * i + 1] as I,
    }));
  });
  const hands = fullHands(
    made.map((of) => of.length),
    pairs,
  );
  const counts = made.map((of) => Math.min(of.length, hands));
  // Hands of at least so many, as equal as can be: each gives up what it has too much.
  const full = deal(counts, hands, generator).map((hand) => sample(hand, pairs, generator));
  const batches = full.map((hand) => hand.flatMap((c) => made[c]?.pop() ?? []));
  const used = new Set(batches.flat().flatMap(({ anchor, positive }) => [anchor, positive]));
  return { batches, leftOut: items.filter((item) => !used.has(item)) };
}
