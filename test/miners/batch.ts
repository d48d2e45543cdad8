// Labelled batches of numbers, and selections as lists of indices.
import fc from "fast-check";
import { rng } from "#nearmiss/base/rng.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { constant, type Tensor } from "#nearmiss/graph/index.js";
import { type Labelled, relationsOf } from "#nearmiss/miners/relations.js";
import type { LabelledBatch, Miner } from "#nearmiss/miners/types.js";

/** Rows, and a memory of earlier ones behind them as further columns. */
export interface Example {
  readonly rows: readonly (readonly number[])[];
  readonly items: readonly Labelled[];
  readonly memory: readonly (readonly number[])[];
  readonly memoryItems: readonly Labelled[];
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

export function example(rows: Example["rows"], labels: readonly string[]): Example {
  return { rows, items: labels.map((label, i) => ({ id: `i${i}`, labels: [label] })), memory: [], memoryItems: [] };
}

/** Coordinates of quarters, so that ties and duplicate rows occur, and labels of a few classes, sometimes two an item. */
export const anyExample: fc.Arbitrary<Example> = fc
  .record({ rows: fc.integer({ min: 1, max: 7 }), memory: fc.integer({ min: 0, max: 4 }) })
  .chain(({ rows, memory }) => {
    const vector = fc
      .array(fc.integer({ min: -6, max: 6 }), { minLength: 4, maxLength: 4 })
      .map((values) => values.map((x, i) => x / 4 + (i === 0 ? 0.01 : 0)));
    const labels = fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 2 });
    const part = (n: number, id: fc.Arbitrary<string>) =>
      fc.array(fc.record({ vector, labels, id }), { minLength: n, maxLength: n });
    return fc.record({
      own: part(rows, fc.constant("")),
      // An older copy of a row of the batch, or another item.
      older: part(memory, fc.constantFrom("i0", "i1", "old")),
    });
  })
  .map(({ own, older }) => ({
    rows: own.map(({ vector }) => vector),
    items: own.map(({ labels }, i) => ({ id: `i${i}`, labels })),
    memory: older.map(({ vector }) => vector),
    memoryItems: older.map(({ id, labels }) => ({ id, labels })),
  }));

export function batchOf({ rows, items, memory, memoryItems }: Example): LabelledBatch {
  const all = [...rows, ...memory];
  const { positive, negative, pairs } = relationsOf(items, [...items, ...memoryItems]);
  const matrix = (vectors: readonly (readonly number[])[]) =>
    constant(vectors.flat(), [vectors.length, vectors[0]?.length ?? 0]);
  const shape = [rows.length, all.length];
  return {
    embeddings: matrix(rows),
    references: matrix(all),
    positive: constant(positive, shape),
    negative: constant(negative, shape),
    pairs: { anchor: constant(pairs.anchor), positive: constant(pairs.positive), valid: constant(pairs.valid) },
  };
}

/** Uniform numbers in (0, 1), [rows][columns]. */
export function noiseFor({ rows, memory }: Example, seed = 1): number[][] {
  const generator = rng(seed, "noise");
  return rows.map(() => range(rows.length + memory.length).map(() => generator.float() || 0.5));
}

export type Triplet = readonly [anchor: number, positive: number, negative: number];
export type Pair = readonly [row: number, column: number];

export interface Found {
  readonly triplets: readonly Triplet[];
  readonly positives: readonly Pair[];
  readonly negatives: readonly Pair[];
}

/** What a miner selects, in float64. */
export function mined(miner: Miner, given: Example, noise: readonly (readonly number[])[] = noiseFor(given)): Found {
  const numbers = constant(noise.flat(), [noise.length, noise[0]?.length ?? 0]);
  const selection = miner.select(batchOf(given), numbers);
  if (selection.kind === "pairs") {
    const { positive, negative } = values({ positive: selection.positive, negative: selection.negative });
    return { triplets: [], positives: places(positive), negatives: places(negative) };
  }
  const { anchor, positive, negatives } = values({
    anchor: selection.anchor,
    positive: selection.positive,
    negatives: selection.negatives,
  });
  const triplets = places(negatives).map(
    ([tuple, n]): Triplet => [anchor?.data[tuple] as number, positive?.data[tuple] as number, n],
  );
  return { triplets, positives: [], negatives: [] };
}

export function values(outputs: Record<string, Tensor>): ReturnType<typeof evaluate> {
  return evaluate(outputs);
}

function places(mask: ReturnType<typeof evaluate>[string] | undefined): Pair[] {
  const columns = mask?.shape[1] ?? 0;
  return range(mask?.data.length ?? 0)
    .filter((at) => mask?.data[at] === 1)
    .map((at) => [Math.floor(at / columns), at % columns]);
}
