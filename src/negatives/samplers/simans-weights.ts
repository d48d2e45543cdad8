import { workError } from "../../base/errors.js";
import { meanAndDeviation } from "../deviation.js";

/** The shape of the weight over x, the difference to the positive: exp(−a·(x − b)²) or exp(−tau·|x − b|). */
export const simansKernels = ["gaussian", "laplace"] as const;
export type SimansKernel = (typeof simansKernels)[number];

/** `paper`: the peak lies b above the positive. `repo`: the released code's (Δ + b)², the peak lies b below it. */
export const simansSigns = ["paper", "repo"] as const;
export type SimansSign = (typeof simansSigns)[number];

/** What a, b and tau are measured in: standard deviations of the pool, or scaled scores. */
export const simansUnits = ["pool-std", "raw"] as const;
export type SimansUnit = (typeof simansUnits)[number];

export interface SimansWeightOptions {
  readonly kernel?: SimansKernel;
  readonly sign?: SimansSign;
  readonly unit?: SimansUnit;
  /** Width of the Gaussian: larger is narrower, 0 is uniform. At least 0. */
  readonly a?: number;
  /** Where the peak lies beside the positive. */
  readonly b?: number;
  /** Width of the Laplace kernel: larger is narrower. At least 0. */
  readonly tau?: number;
  /**
   * A kernel of one's own instead of the two: the logarithm of the weight at a distance |x − b| ≥ 0, in `unit`. It should fall as the distance
   * grows; −∞ is weight 0.
   */
  readonly logWeight?: (distance: number) => number;
}

export const weightDefaults = { kernel: "gaussian", sign: "paper", unit: "pool-std", a: 0.5, b: 0, tau: 3 } as const;

/**
 * Logarithms of the weights of some scores beside a reference score, up to a constant. `a` and `tau` below 0 turn the kernel over (the
 * paper's limit to top-k); the sampler refuses them.
 */
export function simansLogWeights(
  scores: Float64Array,
  reference: number,
  scale: number,
  options: SimansWeightOptions = {},
): Float64Array {
  const { kernel, sign, unit, a, b, tau, logWeight } = { ...weightDefaults, logWeight: undefined, ...options };
  const offsets = unit === "raw" ? scaledOffsets(scores, reference, scale) : standardOffsets(scores, reference);
  if (offsets === null) return new Float64Array(scores.length);
  const peak = sign === "repo" ? -b : b;
  const distances = offsets.map((x) => Math.abs(finite(x - peak)));
  if (logWeight !== undefined) return ownWeights(distances, logWeight);
  return kernel === "gaussian" ? gaussianLogWeights(distances, a) : laplaceLogWeights(distances, tau);
}

/** scale · (score − reference), held finite. */
function scaledOffsets(scores: Float64Array, reference: number, scale: number): Float64Array {
  return scores.map((score) => finite(scale * (score - reference)));
}

/**
 * (score − reference) / σ, σ the population standard deviation of the scores; null where σ is 0. Scores are divided by the largest first, so
 * that squares neither overflow nor vanish.
 */
function standardOffsets(scores: Float64Array, reference: number): Float64Array | null {
  const most = scores.reduce((max, score) => Math.max(max, Math.abs(score)), 0);
  if (most === 0) return null;
  const unit = scores.map((score) => score / most);
  const { deviation } = meanAndDeviation(unit);
  if (deviation === 0) return null;
  const origin = finite(reference / most);
  return unit.map((x) => finite((x - origin) / deviation));
}

/** −a·distance², relative to the candidate of largest weight: the largest is exactly 0, and none overflows to −∞. */
function gaussianLogWeights(distances: Float64Array, a: number): Float64Array {
  const best = extreme(distances, a >= 0);
  return distances.map((d) => (d === best || a === 0 ? 0 : finite(-a * finite((d - best) * (d + best)))));
}

/** −tau·distance, relative to the candidate of largest weight. */
function laplaceLogWeights(distances: Float64Array, tau: number): Float64Array {
  const best = extreme(distances, tau >= 0);
  return distances.map((d) => finite(-tau * (d - best)));
}

function extreme(distances: Float64Array, nearest: boolean): number {
  return nearest
    ? distances.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
    : distances.reduce((a, b) => Math.max(a, b), 0);
}

function ownWeights(distances: Float64Array, logWeight: (distance: number) => number): Float64Array {
  const log = distances.map((distance) => logWeight(distance));
  for (let i = 0; i < log.length; i++) {
    const weight = log[i] as number;
    if (Number.isNaN(weight) || weight === Number.POSITIVE_INFINITY) {
      throw workError("bad-weight", "the weight function gave no usable logarithm", {
        found: `${weight} at distance ${distances[i]}`,
        expected: "a number below infinity",
      });
    }
  }
  return log;
}

function finite(x: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, x));
}
