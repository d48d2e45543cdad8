// The kernels in plain TypeScript: what kernels/*.ts must compute, and what the interpreter engine uses in float64.

import type { SparseMatrix } from "./bags.js";

export type FloatArray = Float32Array | Float64Array;

/** A stretch of values, [from, from + count). */
export interface Span {
  readonly from: number;
  readonly count: number;
}

/** Rows of a table, ascending. */
export interface TableRows {
  readonly ids: Int32Array;
  readonly width: number;
}

/**
 * Where a product's rows go, and whether each is the first that comes there (a byte): it replaces what is there, later ones are added.
 * `squares` takes each such row's sum of squares, while it is at hand.
 */
export interface RowTargets {
  readonly ids: Int32Array;
  readonly fresh: Uint8Array;
  readonly squares: Float64Array;
}

export interface AdamwOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** What one AdamW step multiplies by, worked out once in float64. */
export interface AdamwFactors {
  readonly gradientScale: number;
  readonly keep: number;
  readonly beta1: number;
  readonly oneMinusBeta1: number;
  readonly beta2: number;
  readonly oneMinusBeta2: number;
  readonly stepSize: number;
  readonly inverseRoot: number;
  readonly epsilon: number;
}

/** Factors of step t = 1, 2, … (Loshchilov and Hutter 2019, algorithm 2; as in PyTorch, epsilon is added outside the corrected root). */
export function adamwFactors(
  { beta1, beta2, epsilon, weightDecay }: AdamwOptions,
  step: number,
  learningRate: number,
  gradientScale: number,
): AdamwFactors {
  return {
    gradientScale,
    keep: 1 - learningRate * weightDecay,
    beta1,
    oneMinusBeta1: 1 - beta1,
    beta2,
    oneMinusBeta2: 1 - beta2,
    stepSize: learningRate / (1 - beta1 ** step),
    inverseRoot: 1 / Math.sqrt(1 - beta2 ** step),
    epsilon,
  };
}

/** w ← keep · w − stepSize · m / (√v · inverseRoot + ε), after m and v took in the gradient. */
export function adamw(
  parameter: FloatArray,
  gradient: FloatArray,
  first: FloatArray,
  second: FloatArray,
  { from, count }: Span,
  factors: AdamwFactors,
): void {
  for (let i = from; i < from + count; i++) {
    const g = gradient[i]! * factors.gradientScale;
    const m = first[i]! * factors.beta1 + g * factors.oneMinusBeta1;
    const v = second[i]! * factors.beta2 + g * g * factors.oneMinusBeta2;
    first[i] = m;
    second[i] = v;
    const change = (m * factors.stepSize) / (Math.sqrt(v) * factors.inverseRoot + factors.epsilon);
    parameter[i] = parameter[i]! * factors.keep - change;
  }
}

export interface SgdFactors {
  readonly gradientScale: number;
  readonly weightDecay: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly learningRate: number;
}

/** SGD as PyTorch's (Sutskever et al. 2013): decay joins the gradient, u ← μu + g, w ← w − η(nesterov ? g + μu : u); without velocity w − ηg. */
export function sgd(
  parameter: FloatArray,
  gradient: FloatArray,
  velocity: FloatArray | undefined,
  factors: SgdFactors,
): void {
  for (let i = 0; i < parameter.length; i++) {
    let g = gradient[i]! * factors.gradientScale + parameter[i]! * factors.weightDecay;
    if (velocity !== undefined) {
      const u = velocity[i]! * factors.momentum + g;
      velocity[i] = u;
      g = factors.nesterov ? g + u * factors.momentum : u;
    }
    parameter[i] = parameter[i]! - g * factors.learningRate;
  }
}

/** Sum of squares in float64, of whole groups of eight by lane, then of the rest: the order of kernels/arithmetic.ts, to the bit. */
export function squaredNorm(x: FloatArray, { from, count }: Span): number {
  const lanes = new Float64Array(8);
  const whole = count - (count % 8);
  for (let i = 0; i < whole; i++) lanes[i % 8]! += x[from + i]! ** 2;
  let tail = 0;
  for (let i = whole; i < count; i++) tail += x[from + i]! ** 2;
  const [a, b, c, d, e, f, g, h] = lanes as unknown as readonly [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return a + c + (e + g) + (b + d + (f + h)) + tail;
}

/** y ← y + a · x. */
export function axpy(y: FloatArray, x: FloatArray, a: number): void {
  for (let i = 0; i < y.length; i++) y[i]! += x[i]! * a;
}

/** target ← momentum · target + (1 − momentum) · source. */
export function ema(target: FloatArray, source: FloatArray, momentum: number): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! * momentum + source[i]! * (1 - momentum);
}

/** `adamw` over a table; rows that are not named have gradient 0. */
export function adamwTable(
  parameter: FloatArray,
  gradient: FloatArray,
  first: FloatArray,
  second: FloatArray,
  { ids, width }: TableRows,
  factors: AdamwFactors,
): void {
  const whole = new Float64Array(parameter.length);
  for (const row of ids) whole.set(gradient.subarray(row * width, (row + 1) * width), row * width);
  adamw(parameter, whole, first, second, { from: 0, count: parameter.length }, factors);
}

/** The sum of squares of some rows of a table. */
export function squaredNormRows(x: FloatArray, { ids, width }: TableRows): number {
  let sum = 0;
  for (const row of ids) sum += squaredNorm(x, { from: row * width, count: width });
  return sum;
}

/** Row i of a sparse matrix times the rows of `source` goes to row i of `target`, or to row targets.ids[i], where it is added unless that is fresh. */
export function sparseProduct(
  { starts, ids, weights }: SparseMatrix,
  source: FloatArray,
  width: number,
  target: FloatArray,
  targets?: RowTargets,
): void {
  for (let i = 0; i + 1 < starts.length; i++) {
    const row = targets === undefined ? i : targets.ids[i]!;
    if (targets?.fresh[i] !== 0) target.fill(0, row * width, (row + 1) * width);
    for (let at = starts[i]!; at < starts[i + 1]!; at++) addRow(target, row, source, ids[at]!, width, weights[at]!);
    if (targets !== undefined) targets.squares[i] = squaredNorm(target, { from: row * width, count: width });
  }
}

/** gradient[ids[i]] += dy[i], in order. */
export function scatterAddRows(gradient: FloatArray, ids: Int32Array, width: number, dy: FloatArray): void {
  for (const [i, id] of ids.entries()) addRow(gradient, id, dy, i, width, 1);
}

function addRow(y: FloatArray, yRow: number, x: FloatArray, xRow: number, width: number, a: number): void {
  for (let i = 0; i < width; i++) y[yRow * width + i]! += x[xRow * width + i]! * a;
}
