import type { Rng } from "../base/rng.js";

/** ln of a sum of exponentials; −∞ where every entry is −∞ (or there is none). */
export function logSumExp(values: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i] as number);
  if (most === Number.NEGATIVE_INFINITY) return most;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp((values[i] as number) - most);
  return most + Math.log(sum);
}

/**
 * Probabilities of the first draw from logarithms of weights (−∞: cannot be drawn). They sum to 1, or are all 0 where nothing can be drawn.
 */
export function firstDraw(logWeights: Float64Array): Float64Array {
  const total = logSumExp(logWeights);
  if (total === Number.NEGATIVE_INFINITY) return new Float64Array(logWeights.length);
  return logWeights.map((weight) => Math.exp(weight - total));
}

/** One Gumbel key a weight: `logWeight − ln(−ln u)`, u uniform in (0, 1). One number is taken from the generator for every entry. */
export function gumbelKeys(logWeights: Float64Array, rng: Rng): Float64Array {
  return logWeights.map((weight) => weight - Math.log(-Math.log(rng.float() || 2 ** -54)));
}

/**
 * Draws up to `count` indices without replacement, each in proportion to the weights of what is left: the largest Gumbel keys, in the order of
 * drawing (successive sampling; Efraimidis and Spirakis 2006, Kool et al. 2019). Indices with a weight of −∞ are never drawn.
 */
export function drawSuccessively(logWeights: Float64Array, count: number, rng: Rng): number[] {
  const keys = gumbelKeys(logWeights, rng);
  const order: number[] = [];
  for (let i = 0; i < keys.length; i++) if (logWeights[i] !== Number.NEGATIVE_INFINITY) order.push(i);
  return order.sort((i, j) => (keys[j] as number) - (keys[i] as number) || i - j).slice(0, count);
}

/** exp of the entropy: the number of equally likely candidates that would be as uncertain. Between 1 and the number of non-zero entries. */
export function effectiveNumber(probabilities: Float64Array): number {
  let entropy = 0;
  for (const p of probabilities) if (p > 0) entropy -= p * Math.log(p);
  return Math.exp(entropy);
}
