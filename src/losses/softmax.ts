import { inputError } from "../base/errors.js";
import {
  concat,
  type Dim,
  diagonal,
  logSumExp,
  max,
  maximum,
  mean,
  pad,
  slice,
  softplus,
  stopGradient,
  subtractDims,
  type Tensor,
  transpose,
  where,
} from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import type { LossOutput, PairBatch } from "./types.js";

/** Who is compared with whom. Of the documents on the left side of an arrow, only the rows' own positives are meant. */
export const directions = ["query_to_doc", "query_to_query", "doc_to_query", "doc_to_doc"] as const;
export type Direction = (typeof directions)[number];

/** Scores [rows, n] of some columns, and bool [rows, n] which of them are negatives of the row. */
export interface Block {
  readonly logits: Tensor;
  readonly negatives: Tensor;
}

export interface SoftmaxOptions {
  /** Factor on the similarity, 1 / temperature. A tensor when it is learned. */
  readonly scale: number | Tensor;
  readonly similarity: "cosine" | "dot";
  /** The directions that share a softmax; the losses of several softmaxes are averaged. Each has `query_to_doc` or `doc_to_query`. */
  readonly softmaxes: readonly (readonly Direction[])[];
  /** α of α · similarity, a constant to the gradient, added to negatives' logits: of in-batch negatives, and of those drawn for the row. */
  readonly hardness?: { readonly inBatch: number; readonly own: number };
}

/**
 * Softmax cross-entropy of each query's own positive against the negatives of its row: L = mean ln(1 + Σ exp(z_j − z_pos)).
 * Which columns are negatives is in the batch's masks; between queries, and between documents, two rows repel each other where neither's
 * document is a positive of the other. A row without negatives has loss 0. A queue stands behind the documents.
 */
export function softmaxLoss(batch: PairBatch, options: SoftmaxOptions): LossOutput {
  const plain = blocksOf(batch, options);
  const { logits, negatives } = plain.query_to_doc();
  const blocks = { ...plain, query_to_doc: () => ({ logits: hardened(logits, batch, options), negatives }) };
  const positives = diagonal(logits);
  const terms = options.softmaxes.map((directions) => {
    const copies = directions.filter(
      (direction) => direction === "query_to_doc" || direction === "doc_to_query",
    ).length;
    const queue = directions.includes("query_to_doc") ? queueBlock(batch, options) : [];
    return mean(crossEntropy(positives, [...directions.map((direction) => blocks[direction]()), ...queue], copies));
  });
  const loss = terms.reduce((sum, term) => sum.add(term)).mul(1 / terms.length);
  return { loss, telemetry: telemetry(logits, positives, negatives, options.scale) };
}

/** ln(copies + Σ_{j negative} exp(z_j − z_pos)) of each row, exact also where it is tiny; `copies` is how often the positive is in the sum. */
export function crossEntropy(positives: Tensor, blocks: readonly Block[], copies = 1): Tensor {
  const totals = blocks.map(({ logits, negatives }) =>
    logSumExp(where(negatives, logits, Number.NEGATIVE_INFINITY), 1, { keepDims: true }),
  );
  const others = totals.length === 1 ? (totals[0] as Tensor).squeeze(1) : logSumExp(concat(totals, 1), 1);
  const extra = Math.log(copies);
  return softplus(others.sub(positives).sub(extra)).add(extra);
}

/** The blocks of a batch, made when asked for; the scores of queries and documents are there once. */
export function blocksOf(batch: PairBatch, options: Pick<SoftmaxOptions, "scale" | "similarity">) {
  const { queries, documents, negatives } = batch;
  const rows = queries.length(0);
  const own = slice(documents, 0, 0, rows);
  const scores = (a: Tensor, b: Tensor): Tensor => scaled(a, b, options);
  const logits = scores(queries, documents);
  const seen = turned(negatives, rows);
  return {
    query_to_doc: (): Block => ({ logits, negatives }),
    doc_to_query: (): Block => ({ logits: turned(logits, rows), negatives: seen }),
    query_to_query: (): Block => ({
      logits: scores(queries, queries),
      negatives: slice(negatives, 1, 0, rows).and(seen),
    }),
    doc_to_doc: (): Block => ({ logits: scores(own, documents), negatives: betweenDocuments(batch, seen) }),
  };
}

/** Documents repel what is a negative of their row, but not the negatives that were drawn for it, and not where the other row objects. */
function betweenDocuments({ negatives, own }: PairBatch, seen: Tensor): Tensor {
  const objected = pad(seen.not().cast("float32"), 1, 0, subtractDims(negatives.length(1), negatives.length(0)));
  const either = negatives.and(objected.equal(0));
  return own === undefined ? either : either.and(own.not());
}

/** Logits with α · similarity added, for negatives. */
function hardened(logits: Tensor, batch: PairBatch, { hardness, scale }: SoftmaxOptions): Tensor {
  if (hardness === undefined || (hardness.inBatch === 0 && hardness.own === 0)) return logits;
  const weights =
    hardness.own === hardness.inBatch ? hardness.own : where(ownOf(batch), hardness.own, hardness.inBatch);
  return logits.add(stopGradient(logits).mul(weights).div(scale));
}

/** Which columns were drawn for each row. Throws `bad-batch` where the batch does not say. */
export function ownOf({ own }: PairBatch): Tensor {
  if (own !== undefined) return own;
  throw inputError(
    "bad-batch",
    "this loss treats hard negatives that were drawn for a row apart: the batch does not say which",
  );
}

function queueBlock({ queries, queue }: PairBatch, options: Pick<SoftmaxOptions, "scale" | "similarity">): Block[] {
  if (queue === undefined) return [];
  return [{ logits: scaled(queries, stopGradient(queue.vectors), options), negatives: queue.negatives }];
}

function scaled(a: Tensor, b: Tensor, { scale, similarity }: Pick<SoftmaxOptions, "scale" | "similarity">): Tensor {
  return typeof scale === "number"
    ? similarityMatrix(a, b, similarity, scale)
    : similarityMatrix(a, b, similarity).mul(scale);
}

/** The leading square of [rows, columns], turned round: what each positive sees of the queries. */
function turned(matrix: Tensor, rows: Dim): Tensor {
  return transpose(slice(matrix, 1, 0, rows));
}

function telemetry(
  logits: Tensor,
  positives: Tensor,
  negatives: Tensor,
  scale: number | Tensor,
): Record<string, Tensor> {
  const hardest = max(where(negatives, logits, -1e30), 1);
  const weights = negatives.cast("float32");
  return {
    inBatchTop1: mean(positives.greater(hardest).cast("float32")),
    positiveScore: mean(positives).div(scale),
    // A product with ones and zeros takes two thirds of the time of `where`.
    negativeScore: logits.mul(weights).sum().div(maximum(weights.sum(), 1)).div(scale),
  };
}
