import { inputError } from "../../base/errors.js";
import type { Label } from "../../base/types.js";
import { atLeast, classOf, drawOf, enoughClasses, groupedBy } from "./classes.js";
import { classesTimesItems } from "./classes-times-items.js";
import { dealGroups } from "./deal.js";
import type { ClassItem, ClassShare, Draw, LabelledEpoch } from "./types.js";

export interface HierarchicalOptions extends ClassShare {
  /** Different super-classes a batch; `classes` is then the number of classes of each. */
  readonly superClasses: number;
  /** Class → its super-class. */
  readonly superOf: ReadonlyMap<Label, Label>;
}

/**
 * Batches whose negatives are of the same family: some super-classes, of each P classes × K items. Every item comes once an epoch. A super-class with
 * fewer than P classes gives those it has.
 */
export function hierarchical<I extends ClassItem>(
  items: readonly I[],
  { superClasses, superOf, classes, itemsPerClass }: HierarchicalOptions,
  draw: Draw,
): LabelledEpoch<I> {
  atLeast("superClasses", superClasses, 1);
  atLeast("classes", classes, 1);
  const families = groupedBy(items, (item) => {
    const family = superOf.get(classOf(item));
    if (family !== undefined) return family;
    throw inputError("unknown-class", "a class has no super-class", { field: item.id, found: classOf(item) });
  });
  enoughClasses(families.length, superClasses, "super-classes");
  const generator = drawOf("hierarchical", draw);
  const parts = families.map(({ items: members }) => {
    const known = new Set(members.map(classOf)).size;
    const seed = generator.uint32();
    return classesTimesItems(members, { classes: Math.min(classes, known), itemsPerClass }, { ...draw, seed }).batches;
  });
  return { batches: dealGroups(parts, superClasses, generator).map((batch) => batch.flat()), leftOut: [] };
}
