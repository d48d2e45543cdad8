import { absolute } from "#nearmiss/negatives/filters/abs.js";
import { marginPositive } from "#nearmiss/negatives/filters/margin-pos.js";
import { percPositive } from "#nearmiss/negatives/filters/perc-pos.js";
import { inclusionProbabilities } from "#nearmiss/negatives/inclusion.js";
import { guideMask } from "#nearmiss/negatives/masks.js";
import { referenceOf, references } from "#nearmiss/negatives/reference.js";
import { topK } from "#nearmiss/negatives/samplers/top-k.js";
import { uniformTopM } from "#nearmiss/negatives/samplers/uniform-band.js";
import { compareCase } from "../compare.mjs";
import { gather, keptIds, numbers, poolOf } from "../pool.mjs";

export const handlers = [
  {
    matches: ({ parent, name }) => parent === "samplers" && name === "thresholds",
    runCase(one) {
      const { inputs, params, expected } = one;
      const functions =
        inputs.guideSim === undefined ? filtered(inputs, params, Object.keys(expected)) : guided(inputs, params);
      const got = gather(expected, functions);
      return got === null ? "skip" : compareCase(got, one);
    },
  },
];

function guided({ guideSim, guidePositive }, { absoluteMargin, relativeMargin }) {
  return {
    maskedAbsolute: () => guideMask(guideSim, guidePositive, { kind: "absolute", value: absoluteMargin }),
    maskedRelative: () => guideMask(guideSim, guidePositive, { kind: "relative", value: relativeMargin }),
  };
}

function filtered(inputs, params, keys) {
  const pool = poolOf(inputs);
  const { p, k, minScore, maxScore } = params;
  const usual = () =>
    (minScore === undefined ? percPositive({ p }) : absolute({ min: minScore, max: maxScore })).apply(pool);
  const form = (name) => (boundary) => percPositive({ p, form: name, boundary });
  const harder = (id) => inputs.scores[inputs.ids.indexOf(id)] > Math.min(...inputs.positiveScores);
  const named = {
    reference: () => Object.fromEntries(references.map((name) => [name, referenceOf(inputs.positiveScores, name)])),
    naiveThreshold: () => thresholdOf(form("naive")("strict"), pool),
    naiveKeepStrict: () => keptIds(form("naive")("strict").apply(pool)),
    signedThreshold: () => thresholdOf(form("signed")("strict"), pool),
    signedKeepStrict: () => keptIds(form("signed")("strict").apply(pool)),
    harderThanPositiveButKept: () => keptIds(form("naive")("strict").apply(pool)).filter(harder),
    kept: () => keptIds(usual()),
  };
  const parsed = keys.flatMap((key) => {
    const make = filterOf(key);
    if (make !== undefined) return [[key, () => bothBoundaries(make, pool)]];
    const top = /^top(\d+)$/.exec(key);
    if (top !== null) return [[key, () => numbers(topK().sample(usual(), Number(top[1])))]];
    const from = /^sampleFromTop(\d+)$/.exec(key);
    if (from === null) return [];
    const probabilities = () => uniformTopM({ m: Number(from[1]) }).probabilities(usual());
    return [
      [key, () => numbers(pool.candidates.filter((_, i) => probabilities()[i] > 0))],
      ["sampleInclusion", () => Math.max(...inclusionProbabilities(probabilities().map(Math.log), k))],
    ];
  });
  return { ...named, ...Object.fromEntries(parsed) };
}

/** The filter that a key such as `perc_0.95_signed_min` names, for a boundary. */
function filterOf(key) {
  const [kind, value, ...rest] = key.split("_");
  const number = Number(value);
  const reference = rest.at(-1);
  if (kind === "abs") return (boundary) => absolute({ max: number, boundary });
  if (kind === "margin") return (boundary) => marginPositive({ margin: number, reference, boundary });
  if (kind === "perc") return (boundary) => percPositive({ p: number, form: rest[0], reference, boundary });
  return undefined;
}

function bothBoundaries(make, pool) {
  return {
    threshold: thresholdOf(make("inclusive"), pool),
    keepStrict: keptIds(make("strict").apply(pool)),
    keepInclusive: keptIds(make("inclusive").apply(pool)),
  };
}

/** The threshold that a candidate above everything is rejected for. */
function thresholdOf(filter, pool) {
  const above = { id: "above", score: Number.MAX_VALUE, rank: 0 };
  return filter.apply({ ...pool, candidates: [above] }).candidates[0].rejected.threshold;
}
