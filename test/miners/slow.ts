// The obvious loops that miners are held against.
import type { Labelled } from "#nearmiss/miners/relations.js";
import { type Example, range, type Triplet } from "./batch.js";

type Metric = "l2" | "l2-squared" | "cosine" | "l1";

const length = (x: readonly number[]) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
export const unit = (x: readonly number[]) => x.map((v) => v / length(x));

export function distance(a: readonly number[], b: readonly number[], metric: Metric): number {
  if (metric === "cosine") {
    const other = unit(b);
    return 1 - unit(a).reduce((sum, v, i) => sum + v * (other[i] as number), 0);
  }
  const differences = a.map((v, i) => v - (b[i] as number));
  if (metric === "l1") return differences.reduce((sum, v) => sum + Math.abs(v), 0);
  return metric === "l2" ? length(differences) : differences.reduce((sum, v) => sum + v * v, 0);
}

/** Distances [row][column] and which columns are positives and negatives of each row. */
export function tables(given: Example, metric: Metric, normalize: boolean) {
  const items = [...given.items, ...given.memoryItems];
  const vectors = [...given.rows, ...given.memory].map((x) => (normalize ? unit(x) : x));
  const share = (a: Labelled, b: Labelled) => a.labels.some((label) => b.labels.includes(label));
  const columns = (row: number, wanted: boolean) =>
    range(items.length).filter((column) => {
      const [a, b] = [items[row] as Labelled, items[column] as Labelled];
      return a.id !== b.id && share(a, b) === wanted;
    });
  const rows = range(given.rows.length);
  return {
    rows,
    d: vectors.map((a) => vectors.map((b) => distance(a, b, metric))) as number[][],
    positives: rows.map((row) => columns(row, true)),
    negatives: rows.map((row) => columns(row, false)),
  };
}

export type Tables = ReturnType<typeof tables>;

export const at = (d: readonly (readonly number[])[], row: number, column: number): number =>
  (d[row] as readonly number[])[column] as number;

export function triplets({ rows, positives, negatives }: Tables): Triplet[] {
  return rows.flatMap((a) => (positives[a] ?? []).flatMap((p) => (negatives[a] ?? []).map((n): Triplet => [a, p, n])));
}

/** The first of the places with the least value. */
export function least(places: readonly number[], value: (place: number) => number): number | undefined {
  return places.reduce<number | undefined>(
    (best, place) => (best === undefined || value(place) < value(best) ? place : best),
    undefined,
  );
}
