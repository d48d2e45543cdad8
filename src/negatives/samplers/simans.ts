import { inputError } from "../../base/errors.js";
import type { Rng } from "../../base/rng.js";
import type { Candidate, Negative, ScoredPool } from "../../base/types.js";
import { checkNumber, checkOneOf } from "../check.js";
import { drawSuccessively, firstDraw } from "../draw.js";
import { type Reference, referenceOf, references } from "../reference.js";
import { eligibleIndices, negativeAt, type Sampler, uniformOver } from "../sampler.js";
import {
  type SimansWeightOptions,
  simansKernels,
  simansLogWeights,
  simansSigns,
  simansUnits,
  weightDefaults,
} from "./simans-weights.js";

/** What happens where the reference positive was not retrieved: use its score all the same, no negatives, the lowest candidates, or uniform. */
export const outsidePolicies = ["score-it", "skip", "tail-k", "uniform"] as const;
export type OutsidePolicy = (typeof outsidePolicies)[number];

/** Which positive is the reference: one drawn at random each time (the released code), or min, mean, max of their scores. */
export const simansReferences = ["random", ...references] as const;

export interface SimansOptions extends SimansWeightOptions {
  readonly reference?: (typeof simansReferences)[number];
  readonly outside?: OutsidePolicy;
}

/** Published settings. Their numbers are in raw score units, as in the paper and the released code. */
export const simansPresets = {
  paper: { kernel: "gaussian", sign: "paper", unit: "raw", a: 0.5, b: 0 },
  "repo-nq": { kernel: "gaussian", sign: "repo", unit: "raw", a: 0.5, b: 1 },
  "repo-msmarco": { kernel: "laplace", unit: "raw", tau: 3, b: 0 },
} as const satisfies Readonly<Record<string, SimansOptions>>;

export type SimansPreset = keyof typeof simansPresets;

const defaults = { ...weightDefaults, reference: "random", outside: "score-it" } as const;

/**
 * SimANS: ambiguous negatives, those that score about like the positive (Zhou et al. 2022, arXiv 2210.11773, equation 5). The paper and the
 * released code disagree on kernel, sign and unit; each is an option. By default a = 0.5 and b = 0 in standard deviations of the
 * candidates that no filter rejected, since on raw cosines the paper's numbers are close to uniform.
 *
 * All weights are kept as logarithms, so nothing underflows; equal scores give equal probabilities.
 */
export function simans(options: SimansOptions = {}): Sampler {
  const chosen = { ...defaults, ...options };
  checkOneOf("simans kernel", chosen.kernel, simansKernels);
  checkOneOf("simans sign", chosen.sign, simansSigns);
  checkOneOf("simans unit", chosen.unit, simansUnits);
  checkOneOf("simans reference", chosen.reference, simansReferences);
  checkOneOf("simans outside", chosen.outside, outsidePolicies);
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
