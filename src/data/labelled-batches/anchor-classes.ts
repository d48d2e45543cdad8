import { inputError } from "../../base/errors.js";
import type { Rng } from "../../base/rng.js";
import { atLeast, classesOf, drawOf, enoughClasses, groupsOf, sample } from "./classes.js";
import { dealGroups } from "./deal.js";
import type { ClassItem, Draw, LabelledEpoch } from "./types.js";

export interface AnchorClassOptions {
  /** Different classes a batch, those of anchors included. */
  readonly classes: number;
  /** Share of the rows that are anchors and their positives; in (0, 1). */
  readonly anchorShare: number;
  /** Items of each class of negatives. */
  readonly negativesPerClass: number;
  /** Classes of anchors a batch; default 1. */
  readonly anchorClasses?: number;
}

/**
 * Batches of any mix: a few classes of anchors with many items, and others that are only negatives. One class of anchors with two rows and N − 1
 * negatives of as many classes is the (N+1)-tuplet (Sohn 2016); 45 classes of anchors with 40 items each and single negatives are FaceNet's batch (Schroff et al. 2015).
 *
 * Every item of a class with at least two is an anchor once an epoch (where one would be alone, another of its class comes with it again). Negatives are
 * drawn anew for each batch, classes uniformly, then items. Rows of anchors come first, class by class.
 */
export function anchorClassBatches<I extends ClassItem>(
  items: readonly I[],
  options: AnchorClassOptions,
  draw: Draw,
): LabelledEpoch<I> {
  const { anchorClasses = 1, negativesPerClass } = options;
  const itemsPerAnchor = anchorItems(options);
  const all = classesOf(items);
  enoughClasses(all.length, options.classes, "classes");
  const generator = drawOf("anchor-classes", draw);
  const withPositive = all.filter(({ items: members }) => members.length > 1);
  enoughClasses(withPositive.length, anchorClasses, "classes with two items");
  const groups = withPositive.map((of) =>
    groupsOf(of.items, itemsPerAnchor, generator).map((group) => ({ of, rows: paired(group, of.items, generator) })),
  );
  const batches = dealGroups(groups, anchorClasses, generator).map((anchors) => {
    // Of as many classes as the batch should have, at least those are others; where it has fewer classes of anchors, negatives take their place.
    const others = sample(all, options.classes, generator).filter((one) => !anchors.some(({ of }) => of === one));
    const negatives = others.slice(0, options.classes - anchors.length);
    return [
      ...anchors.flatMap(({ rows }) => rows),
      ...negatives.flatMap(({ items: members }) => sample(members, negativesPerClass, generator)),
    ];
  });
  const used = new Set(batches.flat());
  return { batches, leftOut: items.filter((item) => !used.has(item)) };
}

/** A group of one gets another item of its class. */
function paired<I>(group: readonly I[], members: readonly I[], generator: Rng): readonly I[] {
  if (group.length > 1) return group;
  const others = members.filter((item) => !group.includes(item));
  return [...group, ...sample(others, 1, generator)];
}

/** Rows of each class of anchors. Throws where they are fewer than two. */
function anchorItems({ classes, anchorShare, negativesPerClass, anchorClasses = 1 }: AnchorClassOptions): number {
  atLeast("anchorClasses", anchorClasses, 1);
  atLeast("classes", classes, anchorClasses + 1);
  atLeast("negativesPerClass", negativesPerClass, 1);
  const negatives = (classes - anchorClasses) * negativesPerClass;
  const rows = Math.round((negatives * anchorShare) / (1 - anchorShare) / anchorClasses);
  if (anchorShare > 0 && anchorShare < 1 && rows >= 2) return rows;
  throw inputError("bad-option", "every class of anchors needs two rows: an anchor and its positive", {
    field: "anchorShare",
    found: String(anchorShare),
    expected: `a share below 1, of at least ${((2 * anchorClasses) / (2 * anchorClasses + negatives)).toFixed(3)}`,
  });
}
