import { rng, shuffle } from "../base/rng.js";
import type { Similarity } from "../base/types.js";
import type { Engine } from "../engine/types.js";
import { prepareRows } from "../search/vector-source.js";
import { studentQuantile } from "./distributions.js";
import { kMeans } from "./k-means.js";
import { listed } from "./labels.js";
import type { LabelledVectors } from "./match-ranks.js";
import { type Agreement, agreement } from "./mutual-information.js";
import type { MeasuredMean } from "./results.js";

export interface ClusteringOptions {
  readonly items: LabelledVectors;
  readonly dimension: number;
  /** `cosine` clusters unit vectors. */
  readonly similarity: Similarity | "l2";
  readonly seed: number;
  readonly engine?: Engine | undefined;
}

/**
 * How well k-means finds the labels, with as many clusters as there are labels. Of several labels the first is the item's class. The intervals are 95 % by
 * a jackknife over 20 random groups of items, the clusters as they are. Throws on vectors that are not finite.
 */
export async function clusterAgreement({
  items,
  dimension,
  similarity,
  seed,
  engine,
}: ClusteringOptions): Promise<Readonly<Record<keyof Agreement, MeasuredMean>>> {
  const classes = items.labels.map((own) => listed(own)[0]);
  const vectors = items.vectors.slice();
  prepareRows(vectors, dimension, similarity === "cosine" ? "cosine" : "dot", (row) => `item ${row}`);
  const { assignment } = await kMeans({ vectors, dimension, clusters: new Set(classes).size, seed, engine });
  const among = (rows: readonly number[]): Agreement =>
    agreement(
      rows.map((row) => classes[row]),
      rows.map((row) => assignment[row]),
    );
  const rows = shuffle([...classes.keys()], rng(seed, "jackknife"));
  const groups = Math.min(20, rows.length);
  const without = Array.from({ length: groups }, (_, group) => among(rows.filter((_, i) => i % groups !== group)));
  const all = among(rows);
  const measured = (measure: keyof Agreement): MeasuredMean => {
    const half = groups < 2 ? 0 : jackknife(without.map((one) => one[measure]));
    return { mean: all[measure], low: all[measure] - half, high: Math.min(1, all[measure] + half), n: rows.length };
  };
  return { nmi: measured("nmi"), ami: measured("ami") };
}

/** Half the width of a 95 % interval, from a statistic's values without each group in turn (Tukey 1958). */
function jackknife(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return studentQuantile(0.05, values.length - 1) * Math.sqrt(((values.length - 1) / values.length) * squares);
}
