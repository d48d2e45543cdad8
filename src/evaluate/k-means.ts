import { inputError } from "../base/errors.js";
import { type Rng, rng } from "../base/rng.js";
import type { Engine } from "../engine/types.js";
import { openProducts, type Products, type Vectors } from "../search/products.js";

export interface KMeansOptions {
  /** Row-major [points, dimension]. */
  readonly vectors: Vectors;
  readonly dimension: number;
  readonly clusters: number;
  readonly seed: number;
  /** Starts; the one with the smallest squared distances wins. Default 3. */
  readonly restarts?: number;
  /** At most so many rounds a start; default 100. */
  readonly rounds?: number;
  /** Computes the distances in float32; without it they are computed in float64. */
  readonly engine?: Engine | undefined;
}

export interface KMeans {
  /** Cluster of each point, 0 … clusters − 1. */
  readonly assignment: Int32Array;
  /** Sum of the points' squared distances to their centres. */
  readonly inertia: number;
}

const blockPoints = 2048;

/**
 * Lloyd's k-means from seeds of k-means++ (Arthur and Vassilvitskii 2007), until no point changes its cluster. A cluster that loses all its points takes the
 * point that is farthest from its centre. Throws where there are fewer points than clusters.
 */
export async function kMeans(options: KMeansOptions): Promise<KMeans> {
  const { vectors, dimension, clusters, seed, restarts = 3, rounds = 100, engine } = options;
  const points = vectors.length / dimension;
  if (!(clusters >= 1 && clusters <= points))
    throw inputError("bad-option", "k-means needs a point for each cluster", {
      found: `${clusters} clusters of ${points} points`,
    });
  const products = await openProducts(dimension, engine);
  try {
    let best: KMeans | undefined;
    for (let start = 0; start < restarts; start++) {
      const centres = seeds(vectors, dimension, clusters, rng(seed, "k-means", start));
      let found = await assign(vectors, centres, dimension, clusters, products);
      for (let round = 1; round < rounds; round++) {
        moveCentres(vectors, centres, dimension, found);
        const next = await assign(vectors, centres, dimension, clusters, products);
        const settled = next.assignment.every((cluster, i) => cluster === found.assignment[i]);
        found = next;
        if (settled) break;
      }
      if (best === undefined || found.inertia < best.inertia) best = found;
    }
    return best!;
  } finally {
    await products.close();
  }
}

/** The first centre uniformly, each further one with a probability in proportion to its squared distance from the nearest so far. */
function seeds(vectors: Vectors, dimension: number, clusters: number, generator: Rng): Float64Array {
  const points = vectors.length / dimension;
  const centres = new Float64Array(clusters * dimension);
  const nearest = new Float64Array(points).fill(Number.POSITIVE_INFINITY);
  let chosen = generator.int(points);
  for (let cluster = 0; cluster < clusters; cluster++) {
    centres.set(vectors.subarray(chosen * dimension, (chosen + 1) * dimension), cluster * dimension);
    let total = 0;
    for (let point = 0; point < points; point++) {
      nearest[point] = Math.min(nearest[point]!, squaredDistance(vectors, point, centres, cluster, dimension));
      total += nearest[point]!;
    }
    let left = generator.float() * total;
    chosen = nearest.findIndex((distance) => {
      left -= distance;
      return left < 0;
    });
    // Only copies of the centres are left.
    if (chosen < 0) chosen = generator.int(points);
  }
  return centres;
}

interface Assigned extends KMeans {
  /** Squared distance of each point to its centre. */
  readonly distances: Float64Array;
}

async function assign(
  vectors: Vectors,
  centres: Float64Array,
  dimension: number,
  clusters: number,
  { product }: Products,
): Promise<Assigned> {
  const points = vectors.length / dimension;
  const assignment = new Int32Array(points);
  const distances = new Float64Array(points);
  // Filled up, since products of odd widths are computed by other kernels.
  const width = 16 * Math.ceil(clusters / 16);
  const wide = new Float64Array(width * dimension);
  wide.set(centres);
  const squares = Float64Array.from({ length: clusters }, (_, cluster) =>
    squaredDistance(centres, cluster, new Float64Array(dimension), 0, dimension),
  );
  for (let start = 0; start < points; start += blockPoints) {
    const block = vectors.subarray(start * dimension, (start + blockPoints) * dimension);
    const scores = await product(block, wide);
    for (let row = 0; row < block.length / dimension; row++) {
      let nearest = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let cluster = 0; cluster < clusters; cluster++) {
        const value = squares[cluster]! - 2 * scores[row * width + cluster]!;
        if (value >= least) continue;
        least = value;
        nearest = cluster;
      }
      assignment[start + row] = nearest;
      distances[start + row] = squaredDistance(vectors, start + row, centres, nearest, dimension);
    }
  }
  return { assignment, distances, inertia: distances.reduce((sum, distance) => sum + distance, 0) };
}

/** Moves each centre to the mean of its points. */
function moveCentres(
  vectors: Vectors,
  centres: Float64Array,
  dimension: number,
  { assignment, distances }: Assigned,
): void {
  const sizes = new Int32Array(centres.length / dimension);
  centres.fill(0);
  assignment.forEach((cluster, point) => {
    sizes[cluster]! += 1;
    for (let i = 0; i < dimension; i++) centres[cluster * dimension + i]! += vectors[point * dimension + i]!;
  });
  const farthest = Array.from(distances.keys()).sort((a, b) => distances[b]! - distances[a]! || a - b);
  let taken = 0;
  sizes.forEach((size, cluster) => {
    const own = centres.subarray(cluster * dimension, (cluster + 1) * dimension);
    if (size > 0) for (let i = 0; i < dimension; i++) own[i]! /= size;
    else own.set(vectors.subarray(farthest[taken]! * dimension, (farthest[taken++]! + 1) * dimension));
  });
}

function squaredDistance(a: Vectors, rowA: number, b: Vectors, rowB: number, dimension: number): number {
  let sum = 0;
  for (let i = 0; i < dimension; i++) sum += (a[rowA * dimension + i]! - b[rowB * dimension + i]!) ** 2;
  return sum;
}
