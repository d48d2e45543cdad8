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
  const negative = new Uint8Array(anchors.length * width);
  const numbers = new Map<Label, number>();
  const numbered = ({ labels }: Labelled): readonly number[] =>
    labels.map((label) => {
      const known = numbers.get(label) ?? numbers.size;
      numbers.set(label, known);
      return known;
    });
  const columns = references.map(numbered);
  const found: { readonly row: number; readonly column: number }[] = [];
  anchors.forEach((anchor, row) => {
    const own = new Set(numbered(anchor));
    for (let column = 0; column < width; column++) {
      if (references[column]?.id === anchor.id) continue;
      const shared = columns[column]?.some((label) => own.has(label)) === true;
      (shared ? positive : negative)[row * width + column] = 1;
      if (shared) found.push({ row, column });
    }
  });
  const pairs = found.length === 0 ? [{ row: 0, column: 0 }] : found;
  return {
    positive,
    negative,
    pairs: {
      anchor: Int32Array.from(pairs, ({ row }) => row),
      positive: Int32Array.from(pairs, ({ column }) => column),
      valid: new Uint8Array(pairs.length).fill(found.length === 0 ? 0 : 1),
    },
  };
}
