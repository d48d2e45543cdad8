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
  const labels = new Map<Label, number>();
  const ids = new Map<string, number>();
  const columns = references.map((item) => item.labels.map((label) => numberOf(label, labels)));
  const columnIds = Int32Array.from(references, ({ id }) => numberOf(id, ids));
  // Column by column as one run of numbers: a large batch compares millions of pairs a step.
  const starts = new Int32Array(width + 1);
  columns.forEach((column, i) => {
    starts[i + 1] = (starts[i] as number) + column.length;
  });
  const flat = Int32Array.from(columns.flat());
  let pairs = 0;
  anchors.forEach((anchor, row) => {
    const own = new Uint8Array(labels.size);
    for (const label of anchor.labels) {
      const known = labels.get(label);
      if (known !== undefined) own[known] = 1;
    }
    const id = ids.get(anchor.id) ?? -1;
    for (let column = 0; column < width; column++) {
      if (columnIds[column] === id) continue;
      let shared = 0;
      const end = starts[column + 1] as number;
      for (let i = starts[column] as number; i < end; i++) shared |= own[flat[i] as number] as number;
      const place = row * width + column;
      positive[place] = shared;
      negative[place] = 1 - shared;
      pairs += shared;
    }
  });
  return { positive, negative, pairs: pairsIn(positive, width, pairs) };
}

function pairsIn(positive: Uint8Array, width: number, count: number): Relations["pairs"] {
  const [anchor, to] = [new Int32Array(Math.max(count, 1)), new Int32Array(Math.max(count, 1))];
  for (let place = positive.indexOf(1), i = 0; place >= 0; place = positive.indexOf(1, place + 1), i++) {
    anchor[i] = Math.floor(place / width);
    to[i] = place % width;
  }
  return { anchor, positive: to, valid: new Uint8Array(anchor.length).fill(Math.min(count, 1)) };
}

function numberOf<K>(key: K, known: Map<K, number>): number {
  const number = known.get(key) ?? known.size;
  known.set(key, number);
  return number;
}
