// Losses with their gradients: float64 on the interpreter, float32 on onnxruntime.
import { gradients } from "#nearmiss/autodiff/index.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { concat, constant, input } from "#nearmiss/graph/index.js";
import { multipleNegatives } from "#nearmiss/losses/multiple-negatives.js";
import { tripletMargin, tripletMarginOfLabels } from "#nearmiss/losses/triplet-margin.js";
import { compareArray, firstDifference } from "../compare.mjs";

const builders = new Map([
  ["mnrl", pairs],
  ["mnrl-masked", pairs],
  ["mnrl-hard-negatives", pairs],
  ["mnrl-symmetric", pairs],
  ["info-nce", pairs],
  ["triplet-margin", triplets],
]);

export const handlers = [
  {
    matches: ({ parent, name }) => parent === "losses" && builders.has(name),
    async runCase(one, json, options) {
      const build = builders.get(json.name);
      const given = tensors(one.inputs);
      const loss = build(one.inputs, one.params, given.nodes);
      if (loss === null) return "skip";
      const names = Object.keys(one.gradients ?? {});
      const found = gradients(
        loss,
        names.map((name) => given.nodes[name]),
      );
      const outputs = { loss };
      names.forEach((name, i) => {
        outputs[`gradient.${name}`] = found[i] ?? given.nodes[name].mul(0);
      });
      const got = options.float32 ? await onEngine(outputs, given.feeds) : evaluate(outputs, given.feeds, new Map());
      return compareLoss(one, names, got, options.float32);
    },
  },
];

/** Nested numbers as inputs of a graph; negatives [row][k][dim] stay of rank 3. */
function tensors(inputs) {
  const nodes = {};
  const feeds = {};
  for (const [name, value] of Object.entries(inputs)) {
    const shape = shapeOf(value);
    const flat = value.flat(Number.POSITIVE_INFINITY);
    if (shape.length < 2 || flat.some((x) => typeof x !== "number")) continue;
    nodes[name] = input(name, shape);
    feeds[name] = { dtype: "float32", shape, data: Float64Array.from(flat) };
  }
  return { nodes, feeds };
}

const shapeOf = (value) => (Array.isArray(value) ? [value.length, ...(value.length > 0 ? shapeOf(value[0]) : [])] : []);

/** Columns: the positives, then negative 1 of every row, negative 2 of every row … */
function pairs(inputs, params, nodes) {
  const queries = nodes.queries;
  const positives = nodes.positives ?? nodes.keys;
  const rows = inputs.queries.length;
  const width = inputs.negatives?.[0]?.length ?? 0;
  const dimension = inputs.queries[0].length;
  const hard = Array.from({ length: width }, (_, k) => k).map((k) =>
    nodes.negatives.reshape([rows, width * dimension]).matmul(picker(width, k, dimension)),
  );
  const documents = concat([positives, ...hard], 0);
  const ids = [
    ...(inputs.positiveIds ?? Array.from({ length: rows }, (_, i) => `positive ${i}`)),
    ...Array.from({ length: width }, (_, k) => k).flatMap((k) =>
      Array.from({ length: rows }, (_, i) => inputs.negativeIds?.[i]?.[k] ?? `negative ${i} ${k}`),
    ),
  ];
  const negatives = Uint8Array.from(
    Array.from({ length: rows }, (_, i) => {
      const known = new Set([...(inputs.knownPositives?.[i] ?? []), ...(inputs.positiveIds ? [ids[i]] : [])]);
      return ids.map((id, j) => (j !== i && !known.has(id) ? 1 : 0));
    }).flat(),
  );
  const scale = params.scale ?? (params.temperature === undefined ? 1 : 1 / params.temperature);
  const both = params.symmetric === true || params.directions?.includes("doc_to_query");
  return multipleNegatives(
    { queries, documents, negatives: constant(negatives, [rows, ids.length]) },
    {
      scale,
      similarity: params.similarity ?? "cosine",
      directions: both ? ["query_to_doc", "doc_to_query"] : ["query_to_doc"],
    },
  ).loss;
}

/** The matrix that takes block k of a row of `width` blocks. */
function picker(width, k, dimension) {
  const values = new Float64Array(width * dimension * dimension);
  for (let d = 0; d < dimension; d++) values[(k * dimension + d) * dimension + d] = 1;
  return constant(values, [width * dimension, dimension]);
}

function triplets(inputs, params, nodes) {
  if (params.activation !== "hinge") return null;
  const options = {
    margin: params.margin ?? 0,
    metric: params.metric,
    normalize: params.normalize ?? false,
    reduction: params.reduction ?? "mean",
    swap: params.swap ?? false,
  };
  if (inputs.labels === undefined) return tripletMargin(nodes.anchors, nodes.positives, nodes.negatives, options).loss;
  const n = inputs.labels.length;
  const relation = (holds) =>
    constant(
      Uint8Array.from(inputs.labels.flatMap((a, i) => inputs.labels.map((b, j) => (holds(a, b, i, j) ? 1 : 0)))),
      [n, n],
    );
  const positive = relation((a, b, i, j) => a === b && i !== j);
  return tripletMarginOfLabels(
    nodes.embeddings,
    positive,
    relation((a, b) => a !== b),
    options,
  ).loss;
}

async function onEngine(outputs, feeds) {
  const { createEngine } = await import("#nearmiss/engine/onnxruntime.js");
  const engine = await createEngine({ threads: 1 });
  try {
    const weights = await engine.load(new Map());
    const program = await engine.compile({ outputs });
    const narrow = Object.fromEntries(
      Object.entries(feeds).map(([name, tensor]) => [name, { ...tensor, data: Float32Array.from(tensor.data) }]),
    );
    return await engine.run(program, narrow, weights);
  } finally {
    await engine.close();
  }
}

function compareLoss(one, names, got, float32) {
  const tolerance = float32 ? { rtol: one.float32?.rtol ?? 1e-4, atol: 1e-5 } : { rtol: 1e-6, atol: 1e-9 };
  const loss = compareArray(got.loss.data[0], one.loss, tolerance, "loss");
  if (!loss.ok || one.compare?.includes("gradients") === false) return loss;
  return firstDifference(names, (name) => {
    const want = one.gradients[name].flat(Number.POSITIVE_INFINITY);
    return compareArray(got[`gradient.${name}`].data, want, tolerance, `gradients.${name}`);
  });
}
