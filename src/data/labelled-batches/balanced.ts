import { type Rng, shuffle } from "../../base/rng.js";
import { atLeast, classesOf, drawOf, enoughClasses, sample } from "./classes.js";
import { deal } from "./deal.js";
import type { ClassItem, ClassShare, Draw, LabelledEpoch } from "./types.js";

export interface BalancedOptions extends ClassShare {
  /** Batches an epoch; absent: as many as hold the number of items. */
  readonly batches?: number;
}

/**
 * P classes × K items where every class comes equally often, up to once, whatever its size: items of small classes come again, of large ones a part
 * comes in each epoch. Within a class every item comes before one comes again. A class with fewer than K items gives all it has.
 */
export function balanced<I extends ClassItem>(
  items: readonly I[],
  { classes, itemsPerClass, batches }: BalancedOptions,
  draw: Draw,
): LabelledEpoch<I> {
  atLeast("classes", classes, 1);
  atLeast("itemsPerClass", itemsPerClass, 1);
  const hands = batches ?? Math.ceil(items.length / (classes * itemsPerClass));
  atLeast("batches", hands, 1);
  const all = classesOf(items);
  enoughClasses(all.length, classes, "classes");
  const generator = drawOf("balanced", draw);
  const slots = hands * classes;
  const once = Math.floor(slots / all.length);
  const oftener = new Set(
    sample(
      all.map((_, c) => c),
      slots - once * all.length,
      generator,
    ),
  );
  const counts = all.map((_, c) => once + (oftener.has(c) ? 1 : 0));
  const decks = all.map(({ items: members }) => deck(members, generator));
  const made = deal(counts, hands, generator).map((hand) => hand.flatMap((c) => decks[c]?.(itemsPerClass) ?? []));
  const used = new Set(made.flat());
  return { batches: shuffle(made, generator), leftOut: items.filter((item) => !used.has(item)) };
}

/** Deals items in random order, all before any comes again, and never one twice in a hand. */
function deck<I>(items: readonly I[], generator: Rng): (count: number) => I[] {
  let rest: I[] = [];
  return (count) => {
    const taken = rest.splice(0, count);
    if (taken.length < count) {
      const others = shuffle(
        items.filter((item) => !taken.includes(item)),
        generator,
      );
      const more = others.splice(0, count - taken.length);
      // What this hand already has comes last in the next round.
      rest = [...others, ...shuffle([...taken], generator)];
      taken.push(...more);
    }
    return taken;
  };
}
