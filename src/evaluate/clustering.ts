import type { Similarity } from "../base/types.js";
import type { Engine } from "../engine/types.js";
import { prepareRows } from "../search/vector-source.js";
import { kMeans } from "./k-means.js";
import { listed } from "./labels.js";
import type { LabelledVectors } from "./match-ranks.js";
import { type Agreement, agreement } from "./mutual-information.js";

export interface ClusteringOptions {
  readonly items: LabelledVectors;
  readonly dimension: number;
  /** `cosine` clusters unit vectors. */
  readonly similarity: Similarity | "l2";
  readonly seed: number;
  readonly engine?: Engine | undefined;
}

/** How well k-means finds the labels, with as many clusters as there are labels. Of several labels the first is the item's class. Throws on vectors that are not finite. */
export async function clusterAgreement({
  items,
  dimension,
  similarity,
  seed,
  engine,
}: ClusteringOptions): Promise<Agreement> {
  const classes = items.labels.map((own) => listed(own)[0]);
  const vectors = items.vectors.slice();
  prepareRows(vectors, dimension, similarity === "cosine" ? "cosine" : "dot", (row) => `item ${row}`);
  const { assignment } = await kMeans({ vectors, dimension, clusters: new Set(classes).size, seed, engine });
  return agreement(classes, [...assignment]);
}
