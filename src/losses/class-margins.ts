import type { Tensor } from "../graph/index.js";
import type { LabelledBatch } from "../miners/types.js";
import { similarityMatrix } from "../nn/distances.js";
import { classMask, crossEntropy, meanOf, meanOfRows, sumOf } from "./masked.js";
import type { LossOutput, LossParameter, LossSizes } from "./types.js";

/** One learned vector a class, `weights` [classes · centres, dimension]; its length is of no account. */
export function classWeights({ classes, dimension }: LossSizes, centres = 1): readonly LossParameter[] {
  return [{ name: "weights", shape: [classes * centres, dimension], initial: { deviation: dimension ** -0.5 } }];
}

/**
 * The family of margins on cosines: softmax cross-entropy of scale · cos over the classes, where `target` changes the cosine [rows] of
 * the row's own class.
 */
export function cosineMarginSoftmax(
  batch: LabelledBatch,
  cosines: Tensor,
  { scale, target }: { readonly scale: number; readonly target: (cosine: Tensor) => Tensor },
): LossOutput {
  const own = classMask(batch, cosines.length(1));
  const cosine = sumOf(cosines, own, 1);
  return {
    loss: meanOfRows(crossEntropy(cosines.mul(scale), own, target(cosine).mul(scale)), batch),
    telemetry: { positiveScore: cosine.mean(), negativeScore: meanOf(cosines, own.not()) },
  };
}

/** Cosines of rows with class weights: [rows, classes]. */
export function classCosines(batch: LabelledBatch, weights: Tensor): Tensor {
  return similarityMatrix(batch.embeddings, weights, "cosine");
}
