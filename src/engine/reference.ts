// The kernels in plain TypeScript: what kernels/*.ts must compute, and what the interpreter engine uses in float64.

export type FloatArray = Float32Array | Float64Array;

/** A stretch of values, [from, from + count). */
export interface Span {
  readonly from: number;
  readonly count: number;
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

/** out[b] ← mean of the rows ids[offsets[b]] … ids[offsets[b + 1] − 1] of a table [rows, width]; zeros for an empty bag. */
export function bagMean(table: FloatArray, ids: Int32Array, offsets: Int32Array, width: number, out: FloatArray): void {
  out.fill(0);
  eachInBag(offsets, (bag, at, share) => addRow(out, bag, table, ids[at]!, width, share));
}

/** gradient[id] += dy[b] / (size of bag b), for every id of every bag b, in order. */
export function bagGradient(
  gradient: FloatArray,
  ids: Int32Array,
  offsets: Int32Array,
  width: number,
  dy: FloatArray,
): void {
  eachInBag(offsets, (bag, at, share) => addRow(gradient, ids[at]!, dy, bag, width, share));
}

/** gradient[ids[i]] += dy[i], in order. */
export function scatterAddRows(gradient: FloatArray, ids: Int32Array, width: number, dy: FloatArray): void {
  for (const [i, id] of ids.entries()) addRow(gradient, id, dy, i, width, 1);
}

function eachInBag(offsets: Int32Array, visit: (bag: number, at: number, share: number) => void): void {
  for (let bag = 0; bag + 1 < offsets.length; bag++) {
    const from = offsets[bag]!;
    const to = offsets[bag + 1]!;
    for (let at = from; at < to; at++) visit(bag, at, 1 / (to - from));
  }
}

function addRow(y: FloatArray, yRow: number, x: FloatArray, xRow: number, width: number, a: number): void {
  for (let i = 0; i < width; i++) y[yRow * width + i]! += x[xRow * width + i]! * a;
}
