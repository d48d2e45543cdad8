// Miners: indices exactly, in float64 on the interpreter. Parameters are the miner's options; what a file leaves open (a random fallback) may be
// any of the candidates that it lists.
import { rng } from "#nearmiss/base/rng.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { constant } from "#nearmiss/graph/index.js";
import { allenaiWindow } from "#nearmiss/miners/allenai-window.js";
import { distanceWeights } from "#nearmiss/miners/distance-weighted.js";
import { pairCandidates } from "#nearmiss/miners/facenet-semi-hard.js";
import { minerOf } from "#nearmiss/miners/index.js";
import { hardClasses } from "#nearmiss/miners/n-pair-hard-class.js";
import { relationsOf } from "#nearmiss/miners/relations.js";
import { compare, compareArray, firstDifference } from "../compare.mjs";

const cases = {
  "triplet-margin": mined,
  "batch-hard": mined,
  "multi-similarity": mined,
  "pair-margin": mined,
  "facenet-semi-hard": facenet,
  "distance-weighted": ({ inputs, params, expected }) => {
    const rows = matrix(evaluate({ probabilities: distanceWeights(batchOf(inputs), params) }).probabilities);
    return firstDifference(range(rows.length), (i) =>
      compareArray(rows[i], expected.probabilities[i], { rtol: 1e-6, atol: 1e-9 }, `probabilities[${i}]`),
    );
  },
  "allenai-window": ({ inputs, params, expected, telemetry }) => {
    const { questions, answers, answerTexts } = inputs;
    const dimension = questions[0]?.length ?? 1;
    const got = allenaiWindow({ questions: questions.flat(), answers: answers.flat(), dimension, answerTexts }, params);
    return firstDifference([expected, telemetry ?? {}], (want) => compare(got, want, near));
  },
  "n-pair-hard-class": ({ inputs, params, expected }) => {
    const { anchors, positives } = inputs;
    const dimension = anchors[0].length;
    return compare(
      hardClasses({ anchors: anchors.flat(), positives: positives.flat(), dimension }, params),
      expected,
      near,
    );
  },
};

export const handlers = [
  {
    matches: ({ parent, name }) => parent === "miners" && Object.hasOwn(cases, name),
    runCase: (one, json) => cases[json.name](one, json.name),
  },
];

const near = (got, want) => Math.abs(got - want) <= 1e-6 * Math.abs(want) + 1e-9;
const range = (n) => Array.from({ length: n }, (_, i) => i);
const exactly = (got, want) => got === want;

function batchOf({ embeddings, labels }) {
  const rows = embeddings.length;
  const { positive, negative, pairs } = relationsOf(
    labels.map((label, row) => ({ id: String(row), labels: [label].flat().map(String) })),
  );
  const vectors = constant(embeddings.flat(), [rows, embeddings[0].length]);
  return {
    embeddings: vectors,
    references: vectors,
    positive: constant(positive, [rows, rows]),
    negative: constant(negative, [rows, rows]),
    pairs: { anchor: constant(pairs.anchor), positive: constant(pairs.positive), valid: constant(pairs.valid) },
  };
}

function matrix({ shape: [rows, columns], data }) {
  return range(rows).map((i) => [...data.subarray(i * columns, (i + 1) * columns)]);
}

/** The selection of a miner as lists of indices. */
function select(name, { inputs, params }) {
  const factory = minerOf(name);
  const neutral = "normalize" in factory.options.shape ? { normalize: false } : {};
  const rows = inputs.embeddings.length;
  const generator = rng(1, "golden");
  const noise = constant(
    range(rows * rows).map(() => generator.float()),
    [rows, rows],
  );
  const batch = batchOf(inputs);
  const { kind, ...tensors } = factory.create({ ...neutral, ...params }).select(batch, noise);
  const values = evaluate(tensors);
  const places = (mask) => matrix(mask).map((row) => row.flatMap((on, j) => (on ? [j] : [])));
  if (kind === "pairs") {
    const pairs = (mask) => places(mask).flatMap((columns, i) => columns.map((j) => [i, j]));
    return { positivePairs: pairs(values.positive), negativePairs: pairs(values.negative) };
  }
  const negatives = places(values.negatives);
  const triplets = negatives.flatMap((columns, i) =>
    columns.map((n) => [values.anchor.data[i], values.positive.data[i], n]),
  );
  return { triplets };
}

function mined(one, name) {
  return compare(select(name, one), one.expected, exactly);
}

function facenet(one, name) {
  const { triplets } = select(name, one);
  const options = minerOf(name).create({ normalize: false, ...one.params }).options;
  const batch = batchOf(one.inputs);
  const { candidates, negatives } = pairCandidates(batch, options);
  const values = evaluate({ candidates, negatives, ...batch.pairs });
  const sets = new Map(
    range(values.anchor.data.length).map((i) => {
      const list = (mask) => matrix(mask)[i].flatMap((on, j) => (on ? [j] : []));
      return [
        `${values.anchor.data[i]} ${values.positive.data[i]}`,
        { semiHard: list(values.candidates), all: list(values.negatives) },
      ];
    }),
  );
  const rows = triplets.map(([anchor, positive, negative], i) => {
    const { semiHard, all } = sets.get(`${anchor} ${positive}`);
    const source = semiHard.length > 0 ? "semi-hard" : "fallback";
    const candidates = semiHard.length === 0 && one.params.fallback === "random" ? all : semiHard;
    const open = one.expected.rows[i]?.negative === null && candidates.includes(negative);
    return { anchor, positive, negative: open ? null : negative, source, candidates };
  });
  return compare({ rows }, one.expected, exactly);
}
