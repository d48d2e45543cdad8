import { inputError } from "../../base/errors.js";
import type { Label } from "../../base/types.js";
import { atLeast, classesOf, drawOf, enoughClasses, groupsOf } from "./classes.js";
import type { ClassItem, ClassShare, Draw, LabelledEpoch } from "./types.js";

export interface HardClassBatchOptions extends ClassShare {
  /** A vector a class, such as the mean of its embeddings; classes are near where the cosine is large. */
  readonly vectors: ReadonlyMap<Label, ArrayLike<number>>;
}

/**
 * P classes × K items where the classes of a batch are near each other: one at random of those with most items left, and its P − 1 nearest of the rest.
 * Every item comes once an epoch. O(batches · classes · dimension).
 */
export function hardClassBatches<I extends ClassItem>(
  items: readonly I[],
  { classes, itemsPerClass, vectors }: HardClassBatchOptions,
  draw: Draw,
): LabelledEpoch<I> {
  atLeast("classes", classes, 1);
  atLeast("itemsPerClass", itemsPerClass, 1);
  const generator = drawOf("hard-classes", draw);
  const all = classesOf(items).map(({ label, items: members }) => ({
    unit: unitVector(label, vectors),
    groups: groupsOf(members, itemsPerClass, generator),
  }));
  enoughClasses(all.length, classes, "classes");
  const batches: I[][] = [];
  for (let left = all; left.length > 0; left = left.filter(({ groups }) => groups.length > 0)) {
    const most = left.reduce((largest, { groups }) => Math.max(largest, groups.length), 0);
    const first = left.filter(({ groups }) => groups.length === most);
    const seed = first[generator.int(first.length)] as (typeof all)[number];
    const nearest = left
      .filter((one) => one !== seed)
      .map((one) => ({ one, cosine: dot(seed.unit, one.unit) }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, classes - 1)
      .map(({ one }) => one);
    batches.push([seed, ...nearest].flatMap(({ groups }) => groups.pop() ?? []));
  }
  return { batches, leftOut: [] };
}

function unitVector(label: Label, vectors: HardClassBatchOptions["vectors"]): Float64Array {
  const given = vectors.get(label);
  const length = given === undefined ? 0 : Math.sqrt(dot(given, given));
  if (!(length > 0 && Number.isFinite(length)))
    throw inputError("bad-vectors", "every class needs a vector with a direction", { field: `class ${label}` });
  return Float64Array.from(given ?? [], (x) => x / length);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
