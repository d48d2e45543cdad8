import { inputError, workError } from "../../base/errors.js";
import type { Rng } from "../../base/rng.js";
import type { Candidate, Negative, ScoredPool } from "../../base/types.js";
import { checkNumber } from "../check.js";
import { meanAndDeviation } from "../deviation.js";
import { drawSuccessively, firstDraw } from "../draw.js";
import { type Reference, referenceOf } from "../reference.js";
import { eligibleIndices, negativeAt, type Sampler, uniformOver } from "../sampler.js";

/** The shape of the weight over x, the difference to the positive: exp(−a·(x − b)²) or exp(−tau·|x − b|). */
export type SimansKernel = "gaussian" | "laplace";
/** `paper`: the peak lies b above the positive. `repo`: the released code's (Δ + b)², the peak lies b below it. */
export type SimansSign = "paper" | "repo";
/** What a, b and tau are measured in: scaled scores, or standard deviations of the pool. */
export type SimansUnit = "pool-std" | "raw";
/** What happens where the reference positive was not retrieved: use its score all the same, no negatives, the lowest candidates, or uniform. */
export type OutsidePolicy = "score-it" | "skip" | "tail-k" | "uniform";

export interface SimansOptions {
  readonly kernel?: SimansKernel;
  readonly sign?: SimansSign;
  readonly unit?: SimansUnit;
  /** Width of the Gaussian: larger is narrower, 0 is uniform. At least 0. */
  readonly a?: number;
  /** Where the peak lies beside the positive. */
  readonly b?: number;
  /** Width of the Laplace kernel: larger is narrower. At least 0. */
  readonly tau?: number;
  /** Which positive is the reference: one drawn at random each time (the released code), or min, mean, max of their scores. */
  readonly reference?: "random" | Reference;
  readonly outside?: OutsidePolicy;
  /**
   * A kernel of one's own instead of the two: the logarithm of the weight at a distance |x − b| ≥ 0, in `unit`. It should fall as the distance
   * grows; −∞ is weight 0.
   */
  readonly logWeight?: (distance: number) => number;
}

/** Published settings. Their numbers are in raw score units, as in the paper and the released code. */
export const simansPresets = {
  paper: { kernel: "gaussian", sign: "paper", unit: "raw", a: 0.5, b: 0 },
  "repo-nq": { kernel: "gaussian", sign: "repo", unit: "raw", a: 0.5, b: 1 },
  "repo-msmarco": { kernel: "laplace", unit: "raw", tau: 3, b: 0 },
} as const satisfies Readonly<Record<string, SimansOptions>>;

export type SimansPreset = keyof typeof simansPresets;

const defaults = {
  kernel: "gaussian",
  sign: "paper",
  unit: "pool-std",
  a: 0.5,
  b: 0,
  tau: 3,
  reference: "random",
  outside: "score-it",
} as const;

/**
 * SimANS: ambiguous negatives, those that score about like the positive (Zhou et al. 2022, arXiv 2210.11773, equation 5). The paper and the
 * released code disagree on kernel, sign and unit; each is an option. By default a = 0.5 and b = 0 in standard deviations of the
 * candidates that no filter rejected, since on raw cosines the paper's numbers are close to uniform.
 *
 * All weights are kept as logarithms, so nothing underflows; equal scores give equal probabilities.
 */
export function simans(options: SimansOptions = {}): Sampler {
  const chosen = { ...defaults, ...options };
  checkNumber("simans a", chosen.a, { least: 0 });
  checkNumber("simans tau", chosen.tau, { least: 0 });
  checkNumber("simans b", chosen.b);

  /** Weights for one reference score, or what the policy says where the positive was not retrieved (null). */
  const weightsFor = (pool: ScoredPool, eligible: readonly number[], reference: number | null): Float64Array => {
    if (reference === null && chosen.outside === "uniform") return uniformOver(pool, eligible);
    if (reference === null && chosen.outside === "tail-k") return uniformOver(pool, eligible.slice(-1));
    const weights = uniformOver(pool, []);
    if (reference === null) return weights;
    const scores = Float64Array.from(eligible, (index) => (pool.candidates[index] as Candidate).score);
    const log = simansLogWeights(scores, reference, pool.scale, chosen);
    eligible.forEach((index, position) => {
      weights[index] = log[position] as number;
    });
    return weights;
  };

  const probabilities = (pool: ScoredPool): Float64Array => {
    const eligible = eligibleIndices(pool);
    const choices = referenceChoices(pool, chosen.reference, chosen.outside);
    const mixture = new Float64Array(pool.candidates.length);
    for (const reference of choices) {
      firstDraw(weightsFor(pool, eligible, reference)).forEach((p, index) => {
        mixture[index] = (mixture[index] as number) + p / choices.length;
      });
    }
    return mixture;
  };

  const sample = (pool: ScoredPool, count: number, rng: Rng): Negative[] => {
    const eligible = eligibleIndices(pool);
    const choices = referenceChoices(pool, chosen.reference, chosen.outside);
    const reference = choices[choices.length === 1 ? 0 : rng.int(choices.length)] as number | null;
    const indices =
      reference === null && chosen.outside === "tail-k"
        ? eligible.slice(-count)
        : drawSuccessively(weightsFor(pool, eligible, reference), count, rng);
    const first = probabilities(pool);
    return indices.map((index) => negativeAt(pool, index, first));
  };

  return { name: "simans", params: describe(chosen, options), pool: "nearest", weighted: true, sample, probabilities };
}

/**
 * Logarithms of the weights of some scores beside a reference score, up to a constant. `a` and `tau` below 0 turn the kernel over (the
 * paper's limit to top-k); the sampler refuses them.
 */
export function simansLogWeights(
  scores: Float64Array,
  reference: number,
  scale: number,
  options: Omit<SimansOptions, "reference" | "outside"> = {},
): Float64Array {
  const { kernel, sign, unit, a, b, tau, logWeight } = { ...defaults, logWeight: undefined, ...options };
  const offsets = unit === "raw" ? scaledOffsets(scores, reference, scale) : standardOffsets(scores, reference);
  if (offsets === null) return new Float64Array(scores.length);
  const peak = sign === "repo" ? -b : b;
  const distances = offsets.map((x) => Math.abs(finite(x - peak)));
  if (logWeight !== undefined) return ownWeights(distances, logWeight);
  return kernel === "gaussian" ? gaussianLogWeights(distances, a) : laplaceLogWeights(distances, tau);
}

/**
 * The reference scores that one is drawn from; null stands for a positive that was not retrieved, unless the policy scores it all the same.
 * `min`, `mean` and `max` run over the positives that have a score under the policy.
 */
function referenceChoices(
  pool: ScoredPool,
  reference: "random" | Reference,
  outside: OutsidePolicy,
): (number | null)[] {
  if (pool.positives.length === 0) {
    throw inputError("no-positive", `query ${pool.query.id} has no positive`, { expected: "at least one positive" });
  }
  const scores = pool.positives.map(({ score, rank }) => (outside === "score-it" || rank !== null ? score : null));
  if (reference === "random") return scores;
  const known = scores.filter((score) => score !== null);
  return [known.length === 0 ? null : referenceOf(known, reference)];
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

/** The parameters that had an influence. */
function describe(
  chosen: Required<Omit<SimansOptions, "logWeight">>,
  options: SimansOptions,
): Record<string, string | number> {
  const { unit, reference, outside, sign, b } = chosen;
  if (options.logWeight !== undefined) return { kernel: "own", sign, unit, b, reference, outside };
  const width = chosen.kernel === "gaussian" ? { a: chosen.a } : { tau: chosen.tau };
  return { kernel: chosen.kernel, sign, unit, ...width, b, reference, outside };
}
