import type { Rng } from "../base/rng.js";
import { shuffle } from "../base/rng.js";
import type { Label } from "../base/types.js";

interface Item {
  readonly id: string;
  readonly labels: readonly Label[];
}

/**
 * Negatives of its own for each anchor of N pairs of N classes: `count` items of other classes of the batch, as many classes as can be, and no
 * item twice in a batch as long as there are others. With N − 1 negatives an anchor these are the tuplets of Sohn 2016, section 3.1, with one
 * the plain triplets: (N + 1) N and 3 N rows to encode, where the pairs alone are 2 N.
 */
export function ownNegatives(
  anchors: readonly Item[],
  batch: readonly Item[],
  itemsOf: ReadonlyMap<Label, readonly Item[]>,
  count: number,
  generator: Rng,
): readonly (readonly string[])[] {
  const used = new Set(batch.map(({ id }) => id));
  const classes = anchors.map(({ labels }) => labels[0] as Label);
  return anchors.map((anchor) => {
    const own = new Set(anchor.labels);
    const others = shuffle(
      classes.filter((label) => !own.has(label)),
      generator,
    );
    return Array.from({ length: count }, (_, i) => {
      const fitting = (itemsOf.get(others[i % others.length] as Label) ?? []).filter(({ labels }) =>
        labels.every((label) => !own.has(label)),
      );
      const unused = fitting.filter(({ id }) => !used.has(id));
      const from = unused.length > 0 ? unused : fitting;
      const chosen = from[generator.int(Math.max(1, from.length))];
      if (chosen !== undefined) used.add(chosen.id);
      return chosen?.id;
    }).filter((id) => id !== undefined);
  });
}
