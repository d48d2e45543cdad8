// A case's inputs as the batch that a loss takes.
import { concat, constant } from "#nearmiss/graph/index.js";
import { relationsOf } from "#nearmiss/miners/relations.js";

/** `{ kind, batch }` of a case, by the names of its inputs. */
export function batchOf({ inputs }, nodes, kinds) {
  if (inputs.embeddings !== undefined && inputs.labels !== undefined)
    return { kind: "labelled", batch: labelled(inputs, nodes) };
  if (inputs.positiveScores !== undefined && kinds.includes("logits"))
    return { kind: "logits", batch: scoreLists(inputs, nodes) };
  const pairs = pairRoles.find(([query, positive]) => inputs[query] !== undefined && inputs[positive] !== undefined);
  if (pairs !== undefined && kinds.includes("pairs")) return { kind: "pairs", batch: pairBatch(inputs, nodes, pairs) };
  throw new Error(`no batch is known for the inputs ${Object.keys(inputs).join(", ")}`);
}

/** Names of rows, their positives and their negatives. */
const pairRoles = [
  ["queries", "positives", "negatives"],
  ["queries", "keys", "negatives"],
  ["anchors", "positives", "negatives"],
];

function labelled({ labels, embeddings }, nodes) {
  const rows = embeddings.length;
  const items = labels.map((label, row) => ({
    id: String(row),
    labels: [label].flat().map(String),
  }));
  const { positive, negative, pairs } = relationsOf(items);
  const classes = labels.every((label) => Number.isInteger(label))
    ? { classes: constant(Int32Array.from(labels)) }
    : {};
  return {
    embeddings: nodes.embeddings,
    references: nodes.embeddings,
    positive: constant(positive, [rows, rows]),
    negative: constant(negative, [rows, rows]),
    pairs: { anchor: constant(pairs.anchor), positive: constant(pairs.positive), valid: constant(pairs.valid) },
    ...classes,
  };
}

/** One row of scores: the positive ones, then the negative ones. */
function scoreLists({ positiveScores, negativeScores }, nodes) {
  const marks = [positiveScores, negativeScores].flatMap((scores, side) => scores.map(() => side));
  const mask = (side) =>
    constant(
      Uint8Array.from(marks, (mark) => Number(mark === side)),
      [1, marks.length],
    );
  return {
    scores: concat([nodes.positiveScores, nodes.negativeScores], 0).unsqueeze(0),
    positive: mask(0),
    negative: mask(1),
  };
}

/** Columns: the positives, then negative 1 of every row, negative 2 of every row … Without ids a row's negatives are everybody's. */
function pairBatch(inputs, nodes, [query, positive, negative]) {
  const rows = inputs[query].length;
  const own = inputs[negative];
  // [rows, dimension] is one negative a row, and then, as in triplets, that row's alone.
  const single = own !== undefined && typeof own[0][0] === "number";
  const width = own === undefined ? 0 : single ? 1 : own[0].length;
  const dimension = inputs[query][0].length;
  const flat = own === undefined ? undefined : nodes[negative].reshape([rows, width * dimension]);
  const hard = range(width).map((k) => (single ? flat : flat.matmul(picker(width, k, dimension))));
  const documents = concat([nodes[positive], ...hard], 0);
  const ids = [
    ...(inputs.positiveIds ?? range(rows).map((i) => `positive ${i}`)),
    ...range(width).flatMap((k) => range(rows).map((i) => inputs.negativeIds?.[i]?.[k] ?? `negative ${i} ${k}`)),
  ];
  const mask = range(rows).flatMap((i) => {
    const known = new Set([...(inputs.knownPositives?.[i] ?? []), ...(inputs.positiveIds ? [ids[i]] : [])]);
    return ids.map((id, j) => (single ? j >= rows && (j - rows) % rows === i : j !== i && !known.has(id)));
  });
  return {
    queries: nodes[query],
    documents,
    negatives: constant(Uint8Array.from(mask, Number), [rows, ids.length]),
  };
}

const range = (n) => Array.from({ length: n }, (_, i) => i);

/** The matrix that takes block k of a row of `width` blocks. */
function picker(width, k, dimension) {
  const values = new Float64Array(width * dimension * dimension);
  for (let d = 0; d < dimension; d++) values[(k * dimension + d) * dimension + d] = 1;
  return constant(values, [width * dimension, dimension]);
}
