import { inputError } from "../base/errors.js";

/** Two vectors a class: embeddings of one or two samples of it. */
export interface ClassVectors {
  /** Row-major [classes, dimension]. */
  readonly anchors: ArrayLike<number>;
  readonly positives: ArrayLike<number>;
  readonly dimension: number;
}

export interface HardClassOptions {
  /** The class to begin with; at random in the paper. */
  readonly startClass: number;
  /** Classes to select; with more than there are all are. */
  readonly count: number;
}

/** Classes in the order in which they were selected; `scores[i]` is that of `classes[i + 1]`. */
export interface HardClasses {
  readonly classes: readonly number[];
  readonly scores: readonly number[];
}

/**
 * Hard negative class mining (Sohn 2016, section 3.2.2): greedily the class that most violates the triplet constraint of those already selected,
 * by max over selected s of f_s·f_c⁺ − f_s·f_s⁺, raw dot products. Ties take the lowest class. O(count · classes · dimension).
 */
export function hardClasses(vectors: ClassVectors, { startClass, count }: HardClassOptions): HardClasses {
  const { anchors, positives, dimension } = vectors;
  const total = anchors.length / dimension;
  if (!Number.isInteger(total) || positives.length !== anchors.length)
    throw inputError("bad-vectors", "each class has an anchor and a positive of the same dimension", {
      found: `${anchors.length} and ${positives.length} values`,
      expected: `multiples of ${dimension}`,
    });
  if (!(Number.isInteger(startClass) && startClass >= 0 && startClass < total))
    throw inputError("bad-option", "there is no such class to begin with", {
      field: "startClass",
      found: String(startClass),
      expected: `0 to ${total - 1}`,
    });
  const dot = (s: number, c: number): number => {
    let sum = 0;
    for (let i = 0; i < dimension; i++)
      sum += (anchors[s * dimension + i] as number) * (positives[c * dimension + i] as number);
    return sum;
  };
  const violation = new Float64Array(total).fill(Number.NEGATIVE_INFINITY);
  const left = new Set(Array.from({ length: total }, (_, c) => c));
  const classes: number[] = [];
  const scores: number[] = [];
  for (let next: number | undefined = startClass; next !== undefined && classes.length < count; ) {
    const selected: number = next;
    if (classes.length > 0) scores.push(violation[selected] as number);
    classes.push(selected);
    left.delete(selected);
    const own = dot(selected, selected);
    next = undefined;
    for (const c of left) {
      violation[c] = Math.max(violation[c] as number, dot(selected, c) - own);
      if (next === undefined || (violation[c] as number) > (violation[next] as number)) next = c;
    }
  }
  return { classes, scores };
}
