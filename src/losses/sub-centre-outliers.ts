import { inputError } from "../base/errors.js";

/** Vectors with their classes beside the learned centres of `sub-centre-arcface`; all of one dimension, row-major. */
export interface SubCentres {
  readonly vectors: Float32Array;
  /** One a row, 0 … classes − 1. */
  readonly classes: ArrayLike<number>;
  /** The parameter `weights`: [classes · centres, dimension], class by class. */
  readonly weights: Float32Array;
  readonly dimension: number;
  readonly centres: number;
}

export interface SubCentreOutliers {
  /** Rows to drop, ascending. */
  readonly rows: readonly number[];
  /** For each class the centre that most of its rows are nearest to, of equal ones the first; null for a class without rows. */
  readonly dominant: readonly (number | null)[];
}

/**
 * Rows that lie more than `thresholdDegrees` from the dominant centre of their class: after training with sub-centre ArcFace most wrong
 * labels are among them. Deng et al. 2020, section 3.2. Throws `shape`.
 */
export function subCentreOutliers(
  { vectors, classes, weights, dimension, centres }: SubCentres,
  { thresholdDegrees = 75 }: { readonly thresholdDegrees?: number } = {},
): SubCentreOutliers {
  const count = weights.length / (dimension * centres);
  if (vectors.length !== classes.length * dimension || !Number.isInteger(count)) {
    throw inputError("shape", "vectors, classes and centres do not fit each other", {
      found: `${vectors.length} numbers of ${classes.length} rows, ${weights.length} of centres`,
      expected: `${dimension} a row, and ${dimension * centres} a class`,
    });
  }
  const cosine = (row: number, centre: number) =>
    cosineOf(vectors, row * dimension, weights, centre * dimension, dimension);
  const votes = Array.from({ length: count }, () => new Array<number>(centres).fill(0));
  Array.from(classes).forEach((own, row) => {
    const cosines = Array.from({ length: centres }, (_, k) => cosine(row, own * centres + k));
    const nearest = cosines.indexOf(Math.max(...cosines));
    const counts = votes[own];
    if (counts === undefined) throw inputError("shape", "a class has no centres", { found: `class ${own}` });
    counts[nearest] = (counts[nearest] ?? 0) + 1;
  });
  const dominant = votes.map((counts) => (counts.every((n) => n === 0) ? null : counts.indexOf(Math.max(...counts))));
  const limit = Math.cos((thresholdDegrees * Math.PI) / 180);
  const far = (own: number, row: number) => cosine(row, own * centres + (dominant[own] ?? 0)) < limit;
  const rows = Array.from(classes).flatMap((own, row) => (far(own, row) ? [row] : []));
  return { rows, dominant };
}

function cosineOf(a: Float32Array, i: number, b: Float32Array, j: number, dimension: number): number {
  let [product, first, second] = [0, 0, 0];
  for (let d = 0; d < dimension; d++) {
    const [x, y] = [a[i + d] ?? 0, b[j + d] ?? 0];
    product += x * y;
    first += x * x;
    second += y * y;
  }
  return product / Math.sqrt(Math.max(first * second, Number.MIN_VALUE));
}
