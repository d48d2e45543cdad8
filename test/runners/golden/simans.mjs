import { rng } from "#nearmiss/base/rng.js";
import { meanAndDeviation } from "#nearmiss/negatives/deviation.js";
import { logSumExp } from "#nearmiss/negatives/draw.js";
import { inclusionProbabilities } from "#nearmiss/negatives/inclusion.js";
import { simans } from "#nearmiss/negatives/samplers/simans.js";
import { simansLogWeights } from "#nearmiss/negatives/samplers/simans-weights.js";
import { topK } from "#nearmiss/negatives/samplers/top-k.js";
import { applyShortPolicy, fillableIds } from "#nearmiss/negatives/short.js";
import { close, compareCase } from "../compare.mjs";
import { gather, numbers, poolOf } from "../pool.mjs";

export const handlers = [
  {
    matches: ({ parent, name }) => parent === "samplers" && name === "simans",
    runCase(one) {
      const { inputs, params, expected } = one;
      const functions =
        inputs.corpusIds !== undefined ? shortPool(inputs, params) : distribution(inputs, params, expected);
      const got = gather(expected, functions);
      return got === null ? "skip" : compareCase(got, one);
    },
  },
];

/** Options of nearmiss from the parameters of a case; `raw` is the unit where none is named. */
function optionsOf(params) {
  const { kernel, signConvention: sign, unit = "raw", a, b, tau } = params;
  return Object.fromEntries(
    Object.entries({ kernel, sign, unit, a, b: Array.isArray(b) ? undefined : b, tau }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}

function distribution(inputs, params, expected) {
  const options = optionsOf(params);
  const outside = inputs.positiveScore === null;
  const positive = inputs.positiveScore ?? inputs.exactPositiveScore;
  const positiveScores = inputs.positiveScores ?? [positive ?? 0];
  const policy =
    params.policy === undefined
      ? {}
      : inputs.positiveScores !== undefined
        ? { reference: params.policy }
        : { outside: params.policy };
  const pool = poolOf({ ids: inputs.ids, scores: inputs.scores, positiveScores, outside });
  const sampler = (more = {}) => simans({ ...options, ...policy, ...more });
  const drawn = () => numbers(sampler().sample(pool, params.k, rng(1, "golden")));
  // Where the positive is outside and not scored there is no kernel: the logarithms come from the sampler's own probabilities.
  const logWeights = () =>
    positive === undefined
      ? sampler().probabilities(pool).map(Math.log)
      : simansLogWeights(Float64Array.from(inputs.scores), positive, 1, options);
  const order = () => [...inputs.scores.keys()].sort((i, j) => logWeights()[j] - logWeights()[i] || i - j);
  const first = () => sampler().probabilities(pool);
  const argmax = (values) => values.indexOf(Math.max(...values));
  return {
    logProb: () => logWeights().map((weight) => weight - logSumExp(logWeights())),
    firstDraw: first,
    inclusion: () =>
      params.policy === "random"
        ? meanInclusion(inputs, params, options)
        : inclusionProbabilities(logWeights(), params.k),
    poolStd: () => meanAndDeviation(inputs.scores).deviation,
    z: () => inputs.scores.map((score) => (score - positive) / meanAndDeviation(inputs.scores).deviation),
    // The trap that logarithms avoid: every plain weight of these cases underflows.
    naiveWeightsAllZero: () => {
      const weights = simansLogWeights(Float64Array.from([...inputs.scores, positive]), positive, 1, options);
      return weights.subarray(0, inputs.scores.length).every((weight) => Math.exp(weight) === 0);
    },
    maxOverMin: () => Math.max(...first()) / Math.min(...first()),
    paperBminus1: () => sampler({ sign: "paper", b: -1 }).probabilities(pool),
    repoBplus1: () => sampler({ sign: "repo", b: 1 }).probabilities(pool),
    argmax: () => params.b.map((b) => argmax(sampler({ b }).probabilities(pool))),
    order,
    orderByAbs: order,
    argmaxOfKernel: () => order()[0],
    argmaxOfScore: () => argmax(inputs.scores),
    firstDrawSameForAll: () => invariant(inputs, sampler(), expected.firstDrawSameForAll),
    ids: drawn,
    skipped: () => drawn().length === 0,
  };
}

/** Inclusion where one of several positives is drawn first: the mean over them. */
function meanInclusion({ scores, positiveScores }, { k }, options) {
  const each = positiveScores.map((positive) =>
    inclusionProbabilities(simansLogWeights(Float64Array.from(scores), positive, 1, options), k),
  );
  return scores.map((_, i) => each.reduce((sum, p) => sum + p[i] / each.length, 0));
}

/** Probabilities after each scaling and shift of all scores; the first that differs from the expected ones, else the last. */
function invariant(inputs, sampler, want) {
  const all = inputs.scale.flatMap((scale) =>
    inputs.shift.map((shift) => {
      const move = (score) => score * scale + shift;
      const pool = poolOf({ scores: inputs.scores.map(move), positiveScores: [move(inputs.positiveScore)] });
      return [...sampler.probabilities(pool)];
    }),
  );
  return all.find((p) => p.some((x, i) => !close(x, want[i], 1e-9))) ?? all[0];
}

const shortPolicy = { "return-short": "fewer", repeat: "repeat", "fill-random": "fill", error: "error" };

function shortPool(inputs, params) {
  const pool = poolOf({ ids: inputs.ids, scores: inputs.scores, knownPositives: inputs.knownPositives });
  const drawn = topK().sample(pool, params.k, rng(1, "golden"));
  const kept = () => numbers(applyShortPolicy(drawn, params.k, shortPolicy[params.policy], "q"));
  const fill = () => fillableIds(inputs.corpusIds.map(String), pool).map(Number);
  const missing = () => params.k - kept().length;
  return {
    ids: kept,
    fixed: kept,
    shortBy: missing,
    drawnCounts: () =>
      Object.fromEntries(inputs.ids.map((id) => [String(id), kept().filter((one) => one === id).length])),
    order: () =>
      kept().every((id, i) => id === inputs.ids[i % inputs.ids.length]) ? "cyclic: list repeated, first k" : "other",
    fillFrom: fill,
    fillCount: missing,
    fillInclusion: () => inclusionProbabilities(new Float64Array(fill().length), missing())[0],
    throws: () => {
      try {
        kept();
        return false;
      } catch {
        return true;
      }
    },
  };
}
