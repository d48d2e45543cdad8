import { inputError } from "../../base/errors.js";
import { type Rng, rng, shuffle } from "../../base/rng.js";
import type { Label } from "../../base/types.js";
import type { ClassItem, Draw } from "./types.js";

/** The items of one class, in the order of the data. */
export interface ClassOf<I> {
  readonly label: Label;
  readonly items: readonly I[];
}

/** Classes in the order in which they first occur. */
export function classesOf<I extends ClassItem>(items: readonly I[]): readonly ClassOf<I>[] {
  return groupedBy(items, classOf);
}

/** The class of an item. */
export function classOf({ id, labels: [label] }: ClassItem): Label {
  if (label !== undefined) return label;
  throw inputError("unlabelled", "an item without a label is in no class", { field: id });
}

export function groupedBy<I>(items: readonly I[], keyOf: (item: I) => Label): readonly ClassOf<I>[] {
  const found = new Map<Label, I[]>();
  for (const item of items) {
    const label = keyOf(item);
    const held = found.get(label);
    if (held === undefined) found.set(label, [item]);
    else held.push(item);
  }
  return [...found].map(([label, members]) => ({ label, items: members }));
}

export function drawOf(kind: string, { seed, epoch }: Draw): Rng {
  return rng(seed, "labelled-batches", kind, epoch);
}

/** Throws `bad-option` unless the value is a whole number of at least `least`. */
export function atLeast(field: string, value: number, least: number): void {
  if (!(Number.isInteger(value) && value >= least))
    throw inputError("bad-option", "batches of labelled items", {
      field,
      found: String(value),
      expected: `a whole number of at least ${least}`,
    });
}

/** Throws `too-few-classes` where a batch cannot have as many different classes as it should. */
export function enoughClasses(found: number, wanted: number, which: string): void {
  if (found < wanted)
    throw inputError("too-few-classes", "there are fewer classes than a batch should have", {
      found: `${found} ${which}`,
      expected: `at least ${wanted}`,
    });
}

/** A random selection without repeats, in random order: all of them where there are fewer. */
export function sample<T>(from: readonly T[], count: number, generator: Rng): T[] {
  const held = new Map<number, T>();
  const at = (i: number) => held.get(i) ?? (from[i] as T);
  return Array.from({ length: Math.min(count, from.length) }, (_, i) => {
    const j = i + generator.int(from.length - i);
    const taken = at(j);
    held.set(j, at(i));
    return taken;
  });
}

/** A class's items in random order, in groups of at most `size` and sizes as equal as can be: 5 by 4 are 3 and 2. */
export function groupsOf<I>(items: readonly I[], size: number, generator: Rng): I[][] {
  const order = shuffle([...items], generator);
  const count = Math.ceil(order.length / size);
  return Array.from({ length: count }, (_, i) =>
    order.slice(Math.floor((i * order.length) / count), Math.floor(((i + 1) * order.length) / count)),
  );
}
