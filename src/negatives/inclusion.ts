/** Step of the trapezoid rule in ln t. The integrand is analytic in a strip of half-width π/2, so the error is below 1e-16. */
const STEP = 0.1;

/**
 * Probability of each entry to be among `count` successive draws without replacement (so not `min(1, count·p)`). The entries sum to
 * `count`, or to the number of drawable entries where that is smaller.
 *
 * Drawing successively is the same as giving entry i an exponential clock of rate w_i and taking the clocks that ring first. Entry i is
 * taken if fewer than `count` others ring before it: ∫ w_i e^{−w_i t} P(N₋ᵢ(t) < count) dt, N₋ᵢ(t) a sum of independent 0/1 variables
 * with probabilities 1 − e^{−w_j t}. The integral runs over x = ln t, so weights of any range keep their digits.
 *
 * @param logWeights logarithms of weights; −∞ cannot be drawn and has probability 0.
 */
export function inclusionProbabilities(logWeights: Float64Array, count: number): Float64Array {
  const drawable: number[] = [];
  for (let i = 0; i < logWeights.length; i++) if (logWeights[i] !== Number.NEGATIVE_INFINITY) drawable.push(i);
  const result = new Float64Array(logWeights.length);
  if (count <= 0) return result;
  if (count >= drawable.length) {
    for (const i of drawable) result[i] = 1;
    return result;
  }
  // Only the sizes of the weights beside each other matter; the largest becomes 1 so that the grid keeps its digits.
  const most = drawable.reduce((max, i) => Math.max(max, logWeights[i] as number), Number.NEGATIVE_INFINITY);
  const log = Float64Array.from(drawable, (i) => (logWeights[i] as number) - most);
  const sums = new Float64Array(drawable.length);
  for (const x of gridPoints(log)) {
    const fewer = fewerOthers(log, x, count);
    if (fewer.every((p) => p === 0)) break;
    for (let i = 0; i < log.length; i++) {
      const rate = Math.exp((log[i] as number) + x);
      // Beyond 745 the exponential is 0, and infinity times 0 would be NaN.
      if (rate < 745) sums[i] = (sums[i] as number) + rate * Math.exp(-rate) * (fewer[i] as number) * STEP;
    }
  }
  for (let i = 0; i < drawable.length; i++) result[drawable[i] as number] = Math.min(1, sums[i] as number);
  return result;
}

/** Grid points where the density of at least one clock is not negligible: w·t between 1e-17 and 55. */
function* gridPoints(log: Float64Array): Generator<number> {
  let next = Number.NEGATIVE_INFINITY;
  for (const weight of Float64Array.from(log).sort().reverse()) {
    const first = Math.max(next, Math.ceil((-weight - 39) / STEP));
    const last = Math.floor((-weight + 4) / STEP);
    for (let node = first; node <= last; node++) yield node * STEP;
    next = Math.max(next, last + 1);
  }
}

/** For each clock, the probability that fewer than `count` of the others have rung at ln t = x: products without one factor, by halves. */
function fewerOthers(log: Float64Array, x: number, count: number): Float64Array {
  const silent = log.map((weight) => Math.exp(-Math.exp(weight + x)));
  const rung = log.map((weight) => -Math.expm1(-Math.exp(weight + x)));
  const result = new Float64Array(log.length);
  const walk = (from: number, to: number, others: Float64Array): void => {
    if (to - from === 1) {
      result[from] = others.reduce((sum, p) => sum + p, 0);
      return;
    }
    const middle = (from + to) >> 1;
    walk(from, middle, withClocks(others, middle, to));
    walk(middle, to, withClocks(others, from, middle));
  };
  /** Distribution of the number of rung clocks (0 … count − 1) after adding those of a range. */
  const withClocks = (distribution: Float64Array, from: number, to: number): Float64Array => {
    const next = Float64Array.from(distribution);
    for (let j = from; j < to; j++) {
      const q = rung[j] as number;
      const stays = silent[j] as number;
      for (let n = count - 1; n > 0; n--) next[n] = (next[n] as number) * stays + (next[n - 1] as number) * q;
      next[0] = (next[0] as number) * stays;
    }
    return next;
  };
  const none = new Float64Array(count);
  none[0] = 1;
  walk(0, log.length, none);
  return result;
}
