// Cases of pairs: rows, their positives and their negatives, under whatever names the literature has for them.
import { concat, constant, gather, slice } from "#nearmiss/graph/index.js";

const roles = [
  ["queries", "positives", "negatives"],
  ["queries", "keys", "negatives"],
  ["queries", "items", "negatives"],
  ["anchors", "positives", "negatives"],
  ["users", "positives", "negatives"],
  ["z1", "z2", "z3"],
  ["x1", "x2", "negatives"],
];

const range = (n) => Array.from({ length: n }, (_, i) => i);

/** The batch of a case, or null where it has no pairs. Columns: the positives, then negative 1 of every row, negative 2 of every row … */
export function pairBatch(inputs, nodes, scope) {
  if (inputs.candidates !== undefined) return listed(inputs, nodes);
  if (inputs.targets !== undefined && inputs.items !== undefined) return catalogued(inputs, nodes);
  const role = roles.find(([query, positive]) => inputs[query] !== undefined && inputs[positive] !== undefined);
  if (role === undefined) return null;
  const [query, positive, negative] = role;
  const hard = inputs[negative] === undefined ? [] : blocks(inputs[negative], nodes[negative]);
  const batch = laidOut(inputs, hard.length, scope);
  return {
    queries: nodes[query],
    documents: concat([nodes[positive], ...hard]),
    ...batch,
    ...extras(inputs, nodes, batch),
  };
}

/** [rows, k, dimension] as k blocks of rows; [rows, dimension] is one. */
function blocks(values, node) {
  if (typeof values[0][0] === "number") return [node];
  return values[0].map((_, k) => slice(node, 1, k, k + 1).squeeze(1));
}

/** Masks by id. Without ids every column is a document of its own. */
function laidOut(inputs, width, scope) {
  const rows = (inputs.queries ?? inputs.anchors ?? inputs.users ?? inputs.z1 ?? inputs.x1 ?? []).length;
  const { labels } = inputs;
  const positiveIds = inputs.positiveIds ?? inputs.itemIds;
  const ids = [
    ...(positiveIds ?? range(rows).map((i) => (labels === undefined ? `positive ${i}` : labels[i]))),
    ...range(width).flatMap((k) => range(rows).map((i) => inputs.negativeIds?.[i]?.[k] ?? `negative ${i} ${k}`)),
  ];
  const masks = range(rows).map((i) => {
    const known = new Set([...(inputs.knownPositives?.[i] ?? []), ids[i]]);
    return ids.map((id, j) => {
      const own = j >= rows && (j - rows) % rows === i;
      return { own, positive: j !== i && known.has(id), negative: !known.has(id) && (own || scope === "batch") };
    });
  });
  const mask = (key) =>
    constant(
      Uint8Array.from(masks.flat(), (one) => Number(one[key])),
      [rows, ids.length],
    );
  return { negatives: mask("negative"), own: mask("own"), alsoPositive: mask("positive") };
}

/** What some losses need beside. */
function extras(inputs, nodes, { negatives }) {
  const [rows, columns] = negatives.shape;
  const found = {};
  if (inputs.queue !== undefined) {
    const entries = inputs.queue.length;
    found.queue = {
      vectors: nodes.queue,
      negatives: constant(new Uint8Array(rows * entries).fill(1), [rows, entries]),
    };
  }
  if (inputs.hardPairs !== undefined) found.mixing = { pairs: nodes.hardPairs, withQuery: nodes.queryMix };
  if (inputs.samplingProbabilities !== undefined) found.samplingProbabilities = nodes.samplingProbabilities;
  if (inputs.guideAnchors !== undefined) {
    const others = inputs.guideNegatives === undefined ? [] : [nodes.guideNegatives];
    found.guide = { queries: nodes.guideAnchors, documents: concat([nodes.guidePositives, ...others]) };
  }
  if (inputs.teacherMargins !== undefined) {
    // Any scores with these margins: 0 for the positive.
    found.teacher = scattered(rows, columns, (i, k) => -inputs.teacherMargins[i][k]);
  }
  return found;
}

/** [rows, columns] with f(i, k) at negative k of row i, and 0 elsewhere. */
function scattered(rows, columns, f) {
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = 0; rows + k * rows < columns; k++) values[i * columns + rows + k * rows + i] = f(i, k);
  return constant(values, [rows, columns]);
}

/** `candidates` [rows, 1 + k, dimension], the positive first, with a teacher's scores of them. */
function listed({ queries, candidates, teacherScores }, nodes) {
  const rows = queries.length;
  const documents = concat(blocks(candidates, nodes.candidates));
  const columns = rows * candidates[0].length;
  const masks = laidOut({ queries }, candidates[0].length - 1, "own");
  const teacher = scattered(rows, columns, (i, k) => teacherScores[i][k + 1] - teacherScores[i][0]);
  return { queries: nodes.queries, documents, ...masks, teacher };
}

/** A catalogue and the item that each query should find: the found ones, then all; the others of all are negatives. */
function catalogued({ queries, items, targets }, nodes) {
  const rows = queries.length;
  const columns = rows + items.length;
  const mask = range(rows).flatMap((i) => range(columns).map((j) => Number(j >= rows && j - rows !== targets[i])));
  return {
    queries: nodes.queries,
    documents: concat([gather(nodes.items, constant(Int32Array.from(targets))), nodes.items]),
    negatives: constant(Uint8Array.from(mask), [rows, columns]),
  };
}
