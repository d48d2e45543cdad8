import { inputError } from "../base/errors.js";

/** A macro-batch of pairs, larger than the batches it is trained in: row i of the answers belongs to row i of the questions. */
export interface MacroBatch {
  /** Row-major [pairs, dimension], of the model as it is. */
  readonly questions: ArrayLike<number>;
  readonly answers: ArrayLike<number>;
  readonly dimension: number;
  /** What the answers say, as the guard against false negatives compares them. */
  readonly answerTexts: readonly string[];
}

export interface WindowOptions {
  /** How much farther than the question's own answer a negative is, in cosine distance; null: no bound. Default 0 and 0.2. */
  readonly minMargin?: number | null;
  readonly maxMargin?: number | null;
  /** `strict` (default): minMargin < margin < maxMargin; `inclusive`: ≤. */
  readonly boundary?: "strict" | "inclusive";
}

export interface WindowSelection {
  /** The negative of each question, a row of the answers; null where the question is left out. */
  readonly negatives: readonly (number | null)[];
  readonly read: number;
  readonly used: number;
  readonly discarded: number;
  /** Of the questions used, cosine distances; null where none is. */
  readonly meanPositiveDistance: number | null;
  readonly meanNegativeDistance: number | null;
  readonly meanMargin: number | null;
}

/**
 * The hardest negative inside the semi-hard window, over a macro-batch: the nearest answer (1 − cos; ties: the lowest row) that is not the own
 * one, does not have its text (white space at the ends and case apart), and is farther than the own one by more than `minMargin`. If it is not within
 * `maxMargin` the question is left out. The selection of the Allen AI science challenge's 4th place (tambetm, 2016). O(pairs² · dimension).
 *
 * Labelled batches have the same rule in `facenet-semi-hard` with the fallback `drop`.
 */
export function allenaiWindow(
  { questions, answers, dimension, answerTexts }: MacroBatch,
  { minMargin = 0, maxMargin = 0.2, boundary = "strict" }: WindowOptions = {},
): WindowSelection {
  const read = answerTexts.length;
  if (questions.length !== read * dimension || answers.length !== read * dimension)
    throw inputError("bad-vectors", "a macro-batch has a question, an answer and its text in each row", {
      found: `${questions.length} and ${answers.length} values, ${read} texts`,
      expected: `${read * dimension} values each`,
    });
  const q = unitRows(questions, dimension, "question");
  const a = unitRows(answers, dimension, "answer");
  const texts = answerTexts.map((text) => text.trim().toLowerCase());
  const less = boundary === "strict" ? (x: number, y: number) => x < y : (x: number, y: number) => x <= y;
  const distance = (i: number, j: number): number => {
    let dot = 0;
    for (let k = 0; k < dimension; k++) dot += (q[i * dimension + k] as number) * (a[j * dimension + k] as number);
    return 1 - dot;
  };
  const sums = { positive: 0, negative: 0 };
  const negatives = texts.map((text, i) => {
    const own = distance(i, i);
    let nearest = Number.POSITIVE_INFINITY;
    let found: number | null = null;
    for (let j = 0; j < read; j++) {
      if (j === i || texts[j] === text) continue;
      const d = distance(i, j);
      if (d < nearest && (minMargin === null || less(minMargin, d - own))) {
        nearest = d;
        found = j;
      }
    }
    if (found === null || (maxMargin !== null && !less(nearest - own, maxMargin))) return null;
    sums.positive += own;
    sums.negative += nearest;
    return found;
  });
  const used = negatives.filter((one) => one !== null).length;
  const mean = (sum: number) => (used === 0 ? null : sum / used);
  return {
    negatives,
    read,
    used,
    discarded: read - used,
    meanPositiveDistance: mean(sums.positive),
    meanNegativeDistance: mean(sums.negative),
    meanMargin: mean(sums.negative - sums.positive),
  };
}

function unitRows(values: ArrayLike<number>, dimension: number, what: string): Float64Array {
  const unit = Float64Array.from(values);
  for (let start = 0; start < unit.length; start += dimension) {
    const row = unit.subarray(start, start + dimension);
    const length = Math.hypot(...row);
    if (!(length > 0 && Number.isFinite(length)))
      throw inputError("bad-vectors", `the vector of a ${what} has no direction`, {
        field: `row ${start / dimension}`,
      });
    row.forEach((x, i) => {
      row[i] = x / length;
    });
  }
  return unit;
}
