import type { Label } from "../base/types.js";

/** Which rows belong together, row-major. */
export interface Relations {
  /** [rows, columns], 1 where the two share a label and are not the same item. */
  readonly positive: Uint8Array;
  /** [rows, columns], 1 where the two share none. */
  readonly negative: Uint8Array;
  /** Ordered positive pairs, sorted by row, then column. */
  readonly pairs: { readonly anchor: Int32Array; readonly positive: Int32Array; readonly valid: Uint8Array };
}

/** Something with an id and labels; the same id is the same item. */
export interface Labelled {
  readonly id: string;
  readonly labels: readonly Label[];
}

/**
 * The relations of anchors to references (absent: to each other). An item is neither positive nor negative to itself, also where a memory
 * holds an older copy of it. Without any positive pair `pairs` holds one that is not valid, since tensors should not be empty.
 */
export function relationsOf(anchors: readonly Labelled[], references: readonly Labelled[] = anchors): Relations {
  const width = references.length;
  const positive = new Uint8Array(anchors.length * width);
  const negative = new Uint8Array(anchors.length * width).fill(1);
  // Only what is alike is visited: a large batch has millions of pairs a step, and nearly all of them are negative.
  const [sameLabel, sameItem] = [new Map<Label, number[]>(), new Map<string, number[]>()];
  references.forEach(({ id, labels }, column) => {
    for (const label of new Set(labels)) listOf(sameLabel, label).push(column);
    listOf(sameItem, id).push(column);
  });
  const alike = ({ labels }: Labelled): readonly number[] => {
    const lists = [...new Set(labels)].map((label) => sameLabel.get(label) ?? []);
    return lists.length === 1 ? lists[0]! : [...new Set(lists.flat())].sort((a, b) => a - b);
  };
  const [anchor, to]: [number[], number[]] = [[], []];
  anchors.forEach((item, row) => {
    const first = row * width;
    const same = sameItem.get(item.id) ?? [];
    for (const column of same) negative[first + column] = 0;
    for (const column of alike(item)) {
      negative[first + column] = 0;
      if (same.includes(column)) continue;
      positive[first + column] = 1;
      anchor.push(row);
      to.push(column);
    }
  });
  const valid = new Uint8Array(Math.max(anchor.length, 1)).fill(Math.min(anchor.length, 1));
  const pairs = { anchor: Int32Array.from(orOne(anchor)), positive: Int32Array.from(orOne(to)), valid };
  return { positive, negative, pairs };
}

const orOne = (places: readonly number[]): readonly number[] => (places.length === 0 ? [0] : places);

function listOf<K>(lists: Map<K, number[]>, key: K): number[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
