/** Keeps the best k of a stream of scored rows: score descending, then row ascending. */
export interface TopK {
  /** The score a further row must reach to matter once k rows are kept; −∞ before. */
  floor(): number;
  offer(row: number, score: number): void;
  /** The kept rows, best first. The collector is empty afterwards. */
  drain(): { readonly rows: Int32Array; readonly scores: Float64Array };
}

/**
 * A binary heap with the worst kept row at its root; O(log k) for a row that enters, O(1) for one that does not.
 * Scores must not be NaN. Memory grows with what is offered, up to k.
 */
export function topK(k: number): TopK {
  const rows: number[] = [];
  const scores: number[] = [];
  const worse = (i: number, j: number): boolean =>
    scores[i]! < scores[j]! || (scores[i] === scores[j] && rows[i]! > rows[j]!);
  const swap = (i: number, j: number): void => {
    [rows[i], rows[j]] = [rows[j]!, rows[i]!];
    [scores[i], scores[j]] = [scores[j]!, scores[i]!];
  };
  const siftUp = (start: number): void => {
    for (let i = start; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!worse(i, parent)) return;
      swap(i, parent);
      i = parent;
    }
  };
  const siftDown = (start: number): void => {
    for (let i = start; ; ) {
      const left = 2 * i + 1;
      if (left >= rows.length) return;
      const child = left + 1 < rows.length && worse(left + 1, left) ? left + 1 : left;
      if (!worse(child, i)) return;
      swap(i, child);
      i = child;
    }
  };
  return {
    floor: () => (rows.length < k ? Number.NEGATIVE_INFINITY : (scores[0] ?? Number.POSITIVE_INFINITY)),
    offer(row, score) {
      if (rows.length < k) {
        rows.push(row);
        scores.push(score);
        siftUp(rows.length - 1);
        return;
      }
      if (k === 0 || score < scores[0]! || (score === scores[0] && row > rows[0]!)) return;
      rows[0] = row;
      scores[0] = score;
      siftDown(0);
    },
    drain() {
      const order = rows.map((_, i) => i).sort((i, j) => scores[j]! - scores[i]! || rows[i]! - rows[j]!);
      const best = {
        rows: Int32Array.from(order, (i) => rows[i]!),
        scores: Float64Array.from(order, (i) => scores[i]!),
      };
      rows.length = 0;
      scores.length = 0;
      return best;
    },
  };
}
