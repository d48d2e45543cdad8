import { inputError } from "../../base/errors.js";
import type { Label } from "../../base/types.js";
import { type AnchorClassOptions, anchorClassBatches } from "./anchor-classes.js";
import { type BalancedOptions, balanced } from "./balanced.js";
import { type ClassesTimesItemsOptions, classesTimesItems } from "./classes-times-items.js";
import { hardClassBatches } from "./hard-class-batches.js";
import { hierarchical } from "./hierarchical.js";
import { distinctClassPairs } from "./pairs.js";
import type { ClassItem, ClassShare, Draw, LabelledEpoch } from "./types.js";

/** How labelled items are put into batches, as a configuration says it. */
export type LabelledBatching =
  | ({ readonly kind: "classes-times-items" } & ClassesTimesItemsOptions)
  | ({ readonly kind: "balanced" } & BalancedOptions)
  | ({ readonly kind: "hierarchical"; readonly superClasses: number } & ClassShare)
  | ({ readonly kind: "hard-classes" } & ClassShare)
  | { readonly kind: "pairs"; readonly pairs: number }
  | ({ readonly kind: "anchor-classes" } & AnchorClassOptions);

/** What some ways need to know of classes. */
export interface ClassKnowledge {
  /** Class → super-class, for `hierarchical`. */
  readonly superOf?: ReadonlyMap<Label, Label>;
  /** Class → vector, for `hard-classes`. */
  readonly vectors?: ReadonlyMap<Label, ArrayLike<number>>;
}

/**
 * The batches of an epoch. `pairs` gives rows anchor, positive, anchor, positive …; `distinctClassPairs` gives them as pairs.
 * Throws `too-few-classes`, `bad-option`, and `bad-usage` where what a way needs to know is missing.
 */
export function labelledBatches<I extends ClassItem>(
  items: readonly I[],
  batching: LabelledBatching,
  draw: Draw,
  { superOf, vectors }: ClassKnowledge = {},
): LabelledEpoch<I> {
  switch (batching.kind) {
    case "classes-times-items":
      return classesTimesItems(items, batching, draw);
    case "balanced":
      return balanced(items, batching, draw);
    case "hierarchical":
      return hierarchical(items, { ...batching, superOf: known(superOf, "super-classes of the classes") }, draw);
    case "hard-classes":
      return hardClassBatches(items, { ...batching, vectors: known(vectors, "vectors of the classes") }, draw);
    case "pairs": {
      const { batches, leftOut } = distinctClassPairs(items, batching, draw);
      return { batches: batches.map((pairs) => pairs.flatMap(({ anchor, positive }) => [anchor, positive])), leftOut };
    }
    case "anchor-classes":
      return anchorClassBatches(items, batching, draw);
  }
}

function known<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw inputError("bad-usage", `these batches need the ${what}`);
}
