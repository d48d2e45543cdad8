import { describe, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { lossOf } from "#nearmiss/losses/index.js";
import { layOutBatch } from "#nearmiss/train/batch.js";
import { tupleBatch, tupleLosses } from "../../bench/labelled/tuples.mjs";

const byLabel = new Map(
  Array.from({ length: 12 }, (_, c) => [`c${c}`, Array.from({ length: 30 }, (_, i) => `${c}-${i}`)]),
);
const classOf = (id: string) => `c${id.split("-")[0]}`;

describe.each(tupleLosses)("$name", ({ loss: [name, options], drawn, rows }) => {
  test.each([2, 5, 10])("sends as many rows through the encoder for %d anchors as its definition says", (n) => {
    const { pairs, negatives } = tupleBatch(byLabel, n, drawn(n), rng(1, "tuples", n));
    const known = new Map(pairs.map(([anchor]) => [anchor, new Set(byLabel.get(classOf(anchor)))]));
    const layout = layOutBatch(
      pairs.map(([queryId, positiveId]) => ({ queryId, positiveId })),
      (row) => negatives.get(row.queryId) ?? [],
      known,
      lossOf(name).create(options).scope,
    );
    expect(layout.rows.length + layout.columns.length).toBe(rows(n));
    expect(new Set(pairs.map(([anchor]) => classOf(anchor))).size).toBe(n);
    const perRow = drawn(n) === 0 ? n - 1 : drawn(n);
    for (let row = 0; row < n; row++) {
      const mask = layout.negatives.subarray(row * layout.columns.length, (row + 1) * layout.columns.length);
      expect(mask.reduce((sum, one) => sum + one, 0)).toBe(perRow);
    }
  });
});
