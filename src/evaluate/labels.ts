import { inputError } from "../base/errors.js";

/** A label as it came. `1`, `1n` and `"1"` are three labels; integers of 64 bits stay themselves. */
export type LabelValue = string | number | bigint;

/** The label of an item, or its labels. Two items match where they share one. */
export type ItemLabels = LabelValue | readonly LabelValue[];

/** Which items carry which label, as rows. */
export interface LabelIndex {
  /** Rows that share a label with an item, ascending, each once. */
  matches(labels: ItemLabels): Int32Array;
}

/** Indexes the items of `labels` by label. Throws on a label that is no finite number. */
export function labelIndex(labels: readonly ItemLabels[]): LabelIndex {
  const rows = new Map<LabelValue, number[]>();
  labels.forEach((own, row) => {
    for (const label of new Set(labelsOf(own, row))) {
      const held = rows.get(label);
      if (held === undefined) rows.set(label, [row]);
      else held.push(row);
    }
  });
  const byLabel = new Map([...rows].map(([label, list]) => [label, Int32Array.from(list)]));
  const none = new Int32Array(0);
  return {
    matches(own) {
      const lists = listed(own).map((label) => byLabel.get(label) ?? none);
      if (lists.length === 1) return lists[0]!;
      return Int32Array.from(new Set(lists.flatMap((list) => [...list]))).sort();
    },
  };
}

/** The labels of an item as a list. */
export function listed(labels: ItemLabels): readonly LabelValue[] {
  return Array.isArray(labels) ? labels : [labels as LabelValue];
}

function labelsOf(labels: ItemLabels, row: number): readonly LabelValue[] {
  const all = listed(labels);
  for (const label of all)
    if (typeof label === "number" && !Number.isFinite(label))
      throw inputError("bad-label", "a label is not a finite number", { found: `${label} of item ${row}` });
  return all;
}
