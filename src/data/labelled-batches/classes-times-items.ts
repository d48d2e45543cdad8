import { atLeast, classesOf, drawOf, enoughClasses, groupsOf, sample } from "./classes.js";
import { dealGroups } from "./deal.js";
import type { ClassItem, ClassShare, Draw, LabelledEpoch } from "./types.js";

export interface ClassesTimesItemsOptions extends ClassShare {
  /**
   * What becomes of the rest of a class that does not divide by K: `keep` (default) makes its groups a little smaller, so that every item comes once;
   * `repeat` fills each group up to K with other items of the class, which then come more than once.
   */
  readonly short?: "keep" | "repeat";
}

/**
 * P classes × K items (Hermans, Beyer and Leibe 2017), every item once an epoch. No batch has two groups of one class, and batches are of
 * equal size up to one group. A class with more groups than there are batches otherwise makes more and smaller batches: to see each of its items it has to
 * be in all of them. A class of one item has no positive, but is a negative to the others.
 */
export function classesTimesItems<I extends ClassItem>(
  items: readonly I[],
  { classes, itemsPerClass, short = "keep" }: ClassesTimesItemsOptions,
  draw: Draw,
): LabelledEpoch<I> {
  atLeast("classes", classes, 1);
  atLeast("itemsPerClass", itemsPerClass, 1);
  const all = classesOf(items);
  enoughClasses(all.length, classes, "classes");
  const generator = drawOf("classes-times-items", draw);
  const groups = all.map(({ items: members }) =>
    groupsOf(members, itemsPerClass, generator).map((group) => {
      if (short === "keep" || group.length === itemsPerClass) return group;
      const others = members.filter((item) => !group.includes(item));
      return [...group, ...sample(others, itemsPerClass - group.length, generator)];
    }),
  );
  return { batches: dealGroups(groups, classes, generator).map((batch) => batch.flat()), leftOut: [] };
}
