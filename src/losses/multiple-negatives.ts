import { z } from "zod";
import {
  type Dim,
  diagonal,
  logSumExp,
  max,
  maximum,
  mean,
  slice,
  softplus,
  type Tensor,
  transpose,
  where,
} from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import type { LossOutput, PairBatch } from "./types.js";

export type Direction = "query_to_doc" | "doc_to_query";

export interface MultipleNegativesOptions {
  /** Factor on the similarity, 1 / temperature; > 0. */
  readonly scale: number;
  readonly similarity: "cosine" | "dot";
  /** One softmax a direction; several are averaged. */
  readonly directions: readonly Direction[];
}

const similarity = z.enum(["cosine", "dot"]).default("cosine");
const oneWay = z.strictObject({ scale: z.number().positive().default(20), similarity });

const multipleNegativesLoss = <const N extends string>(name: N) =>
  defineLoss({
    name,
    options: oneWay,
    build: { pairs: (batch, options) => multipleNegatives(batch, { ...options, directions: ["query_to_doc"] }) },
  });

/** In-batch softmax over the positives of the batch. */
export const mnrl = multipleNegativesLoss("mnrl");
/** The same: masks come with the batch, in every loss. */
export const mnrlMasked = multipleNegativesLoss("mnrl-masked");
/** The same: hard negatives are further columns of the batch. */
export const mnrlHardNegatives = multipleNegativesLoss("mnrl-hard-negatives");

/** Both directions, a softmax each (Radford et al. 2021, CLIP). */
export const mnrlSymmetric = defineLoss({
  name: "mnrl-symmetric",
  options: oneWay.extend({
    directions: z.array(z.enum(["query_to_doc", "doc_to_query"])).default(["query_to_doc", "doc_to_query"]),
    partition: z.literal("per-direction").default("per-direction"),
  }),
  build: { pairs: multipleNegatives },
});

/** The literature's name and temperature for the same loss (van den Oord et al. 2018, eq. 4). */
export const infoNce = defineLoss({
  name: "info-nce",
  options: z.strictObject({
    temperature: z.number().positive().default(0.05),
    similarity,
    symmetric: z.boolean().default(false),
  }),
  build: {
    pairs: (batch, { temperature, similarity, symmetric }) =>
      multipleNegatives(batch, {
        scale: 1 / temperature,
        similarity,
        directions: symmetric ? ["query_to_doc", "doc_to_query"] : ["query_to_doc"],
      }),
  },
});

/**
 * Softmax cross-entropy of each query's own positive against the negatives of its row: L = mean ln(1 + Σ exp(z_j − z_pos)).
 * Known in the literature as multiple negatives ranking (Henderson et al. 2017), InfoNCE (van den Oord et al. 2018, eq. 4),
 * N-pair-mc with a temperature, and in-batch softmax (Karpukhin et al. 2020, eq. 2). With both directions it is CLIP's symmetric
 * loss (Radford et al. 2021). A row without negatives has loss 0.
 */
export function multipleNegatives(batch: PairBatch, options: MultipleNegativesOptions): LossOutput {
  const rows = batch.queries.length(0);
  const logits = similarityMatrix(batch.queries, batch.documents, options.similarity, options.scale);
  const positives = diagonal(logits);
  const terms = options.directions.map((direction) =>
    direction === "query_to_doc"
      ? crossEntropy(logits, positives, batch.negatives)
      : crossEntropy(turned(logits, rows), positives, turned(batch.negatives, rows)),
  );
  const loss = terms.reduce((sum, term) => sum.add(term)).mul(1 / terms.length);
  return { loss, telemetry: telemetry(logits, positives, batch.negatives, options.scale) };
}

/** The leading square of [rows, columns], turned round: what each positive sees of the queries. */
function turned(matrix: Tensor, rows: Dim): Tensor {
  return transpose(slice(matrix, 1, 0, rows));
}

/** mean over rows of ln(1 + Σ_{j negative} exp(z_j − z_pos)): exact also where the loss is tiny. */
function crossEntropy(logits: Tensor, positives: Tensor, negatives: Tensor): Tensor {
  return mean(softplus(logSumExp(where(negatives, logits, Number.NEGATIVE_INFINITY), 1).sub(positives)));
}

function telemetry(logits: Tensor, positives: Tensor, negatives: Tensor, scale: number): Record<string, Tensor> {
  const hardest = max(where(negatives, logits, -1e30), 1);
  const weights = negatives.cast("float32");
  return {
    inBatchTop1: mean(positives.greater(hardest).cast("float32")),
    positiveScore: mean(positives).mul(1 / scale),
    negativeScore: logits
      .mul(weights)
      .sum()
      .div(maximum(weights.sum(), 1))
      .mul(1 / scale),
  };
}
