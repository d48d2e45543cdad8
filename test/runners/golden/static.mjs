import { drawSuccessively, firstDraw, gumbelKeys } from "#nearmiss/negatives/draw.js";
import { inclusionProbabilities } from "#nearmiss/negatives/inclusion.js";
import { countPositives, popularity } from "#nearmiss/negatives/samplers/popularity.js";
import { random } from "#nearmiss/negatives/samplers/random.js";
import { compareCase } from "../compare.mjs";
import { gather, poolOf } from "../pool.mjs";

export const handlers = [
  {
    matches: ({ parent, name }) => parent === "samplers" && name === "static",
    runCase(one) {
      const { inputs, params, expected } = one;
      const got = gather(expected, functionsOf(inputs, params, expected));
      return got === null ? "skip" : compareCase(got, one);
    },
  },
];

function functionsOf(inputs, params, expected) {
  if (inputs.uniforms !== undefined) return gumbel(inputs, params);
  if (inputs.logWeights !== undefined)
    return successive(Float64Array.from(inputs.logWeights), params.k, Object.keys(expected));
  if (params.kind === "uniform") return samplerCase(random(), inputs.ids, inputs.exclude ?? [], params.k);
  if (params.kind !== "popularity") return {};
  const { alpha, k } = params;
  if (inputs.counts !== undefined) {
    const ids = [...inputs.counts.keys()];
    return samplerCase(popularity({ counts: countsById(inputs.counts), alpha }), ids, inputs.exclude ?? [], k);
  }
  const ids = [...Array(inputs.items).keys()];
  const first = (...parts) => popularity({ counts: countOf(parts.flat()), alpha }).probabilities(poolWithout(ids, []));
  return {
    countsTrain: () => ids.map((id) => countOf(inputs.train).get(String(id)) ?? 0),
    firstDraw: () => first(inputs.train),
    // The published defect: what counting on all splits would give. It is a choice of the caller here.
    leakingVariantFirstDraw: () => first(inputs.train, inputs.valid, inputs.test),
  };
}

const countsById = (counts) => new Map(counts.map((count, id) => [String(id), count]));

/** Counts through the judgements of a split: one query an interaction. */
function countOf(items) {
  return countPositives({
    name: "train",
    judgements: new Map(items.map((item, i) => [`q${i}`, new Map([[String(item), 1]])])),
  });
}

function poolWithout(ids, exclude) {
  const pool = poolOf({ ids, scores: ids.map(() => 0) });
  const excluded = new Set(exclude.map(String));
  const rejected = { filter: "known-positives", value: null, threshold: null };
  return { ...pool, candidates: pool.candidates.map((one) => (excluded.has(one.id) ? { ...one, rejected } : one)) };
}

function samplerCase(sampler, ids, exclude, k) {
  const first = () => sampler.probabilities(poolWithout(ids, exclude));
  return {
    firstDraw: first,
    inclusion: () => inclusionProbabilities(first().map(Math.log), k),
    inclusionWithReplacementExpectedCount: () => first().map((p) => p * k),
  };
}

function gumbel({ logWeights, uniforms }, { k }) {
  const given = () => {
    const rest = [...uniforms];
    return { float: () => rest.shift() };
  };
  const weights = Float64Array.from(logWeights);
  return {
    keys: () => gumbelKeys(weights, given()),
    order: () => drawSuccessively(weights, weights.length, given()),
    chosen: () => drawSuccessively(weights, k, given()),
  };
}

function successive(logWeights, k, keys) {
  const inclusion = () => inclusionProbabilities(logWeights, k);
  return {
    firstDraw: () => firstDraw(logWeights),
    inclusion,
    sum: () => inclusion().reduce((a, b) => a + b, 0),
    ...Object.fromEntries(
      keys
        .filter((key) => key.startsWith("orderedProbabilityOfDrawing_"))
        .map((key) => [key, () => ordered(logWeights, key.split("_").slice(1).map(Number))]),
    ),
    subsetProbability: () =>
      Object.fromEntries(
        subsets(logWeights.length, k).map((set) => [
          set.join(","),
          permutations(set).reduce((sum, order) => sum + ordered(logWeights, order), 0),
        ]),
      ),
  };
}

/** Probability of drawing these indices in this order, each time by the first draw over what is left. */
function ordered(logWeights, order) {
  const left = Float64Array.from(logWeights);
  return order.reduce((product, index) => {
    const p = firstDraw(left)[index];
    left[index] = Number.NEGATIVE_INFINITY;
    return product * p;
  }, 1);
}

function subsets(n, k, from = 0) {
  if (k === 0) return [[]];
  const all = [];
  for (let i = from; i < n; i++) for (const rest of subsets(n, k - 1, i + 1)) all.push([i, ...rest]);
  return all;
}

function permutations(items) {
  if (items.length < 2) return [items];
  return items.flatMap((item, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}
