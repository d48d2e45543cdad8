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
  const worse = (score: number, row: number, than: number): boolean =>
    score < scores[than]! || (score === scores[than] && row > rows[than]!);
  const place = (at: number, row: number, score: number): void => {
    rows[at] = row;
    scores[at] = score;
  };
  const move = (from: number, to: number): void => place(to, rows[from]!, scores[from]!);
  /** Puts a row where it belongs between `start` and the root. */
  const siftUp = (start: number, row: number, score: number): void => {
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!worse(score, row, parent)) break;
      move(parent, at);
      at = parent;
    }
    place(at, row, score);
  };
  /** Puts a row where it belongs between the root and the leaves. */
  const siftDown = (row: number, score: number): void => {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= rows.length) break;
      if (child + 1 < rows.length && worse(scores[child + 1]!, rows[child + 1]!, child)) child += 1;
      if (worse(score, row, child)) break;
      move(child, at);
      at = child;
    }
    place(at, row, score);
  };
  return {
    floor: () => (rows.length < k ? Number.NEGATIVE_INFINITY : (scores[0] ?? Number.POSITIVE_INFINITY)),
    offer(row, score) {
      if (rows.length < k) {
        siftUp(rows.length, row, score);
        return;
      }
      if (k === 0 || score < scores[0]! || (score === scores[0] && row > rows[0]!)) return;
      siftDown(row, score);
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
