// Cases of scores, and of two vectors a row with what was said of them.
import { concat, constant, ones } from "#nearmiss/graph/index.js";

/** `{ kind, batch }` of a case, or null. */
export function listBatch(inputs, nodes) {
  if (inputs.x1 !== undefined && inputs.labels !== undefined) {
    return { kind: "scored", batch: { first: nodes.x1, second: nodes.x2, labels: nodes.labels } };
  }
  if (inputs.logits !== undefined) {
    // A logit is the dot product of a number with 1.
    const first = nodes.logits.unsqueeze(1);
    return { kind: "scored", batch: { first, second: ones(first.shape), labels: nodes.targets } };
  }
  const scores = scoresOf(inputs, nodes);
  if (scores === null) return null;
  const [rows, columns] = scores.shape;
  const positive = positivesOf(inputs, rows, columns);
  const mask = (f) => constant(Uint8Array.from(positive, f), [rows, columns]);
  return {
    kind: "logits",
    batch: {
      scores,
      positive: mask((x) => x),
      negative: mask((x) => 1 - x),
      ...(inputs.retrieverScores === undefined ? {} : { teacher: nodes.rankerScores }),
      ...(inputs.subsamplingWeights === undefined ? {} : { weights: nodes.subsamplingWeights }),
    },
  };
}

function scoresOf(inputs, nodes) {
  if (inputs.scores !== undefined) return nodes.scores;
  if (inputs.retrieverScores !== undefined) return nodes.retrieverScores;
  if (inputs.rankerScores !== undefined) return nodes.rankerScores;
  if (inputs.scores1 !== undefined)
    return concat(
      [nodes.scores1, nodes.scores2].map((x) => x.unsqueeze(1)),
      1,
    );
  if (inputs.positiveScores !== undefined) {
    return concat([nodes.positiveScores, nodes.negativeScores], 0).unsqueeze(0);
  }
  if (inputs.positiveDistances === undefined) return null;
  return concat([nodes.positiveDistances.unsqueeze(1), nodes.negativeDistances], 1).neg();
}

/** 1 on positives, row-major: by a matrix of labels, by which of two is to be larger, else the first columns. */
function positivesOf({ labels, scores1, positiveScores = [0] }, rows, columns) {
  const matrix = Array.isArray(labels?.[0]);
  return Array.from({ length: rows * columns }, (_, place) => {
    const [i, j] = [Math.floor(place / columns), place % columns];
    if (matrix) return Number(labels[i][j] > 0);
    if (scores1 !== undefined) return Number(labels[i] < 0 ? j === 1 : j === 0);
    return Number(j < positiveScores.length);
  });
}
