import { z } from "zod";
import { max, type Tensor, transpose, where } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { cosineOfShifted, radians } from "./angles.js";
import { classCosines, classWeights, cosineMarginSoftmax } from "./class-margins.js";
import { defineLoss } from "./define.js";

/**
 * Softmax over s cos θ to the class weights, where the own class has s cos(θ + m); beyond π − m, where that would rise again, s (cos θ − m sin m).
 * Deng et al. 2019, eq. 3, with the straight continuation of the authors' code. The gradient at θ = 0 and π is finite; in
 * pytorch-metric-learning it is NaN there.
 */
export const arcface = defineLoss({
  name: "arcface",
  options: z.strictObject({
    kind: z.literal("arcface").default("arcface"),
    /** m; 28.65 degrees are 0.5. */
    marginDegrees: z.number().min(0).max(90).default(28.6),
    /** s. */
    scale: z.number().positive().default(64),
  }),
  parameters: (sizes) => classWeights(sizes),
  build: {
    labelled: (batch, { scale, marginDegrees }, parameters) =>
      cosineMarginSoftmax(batch, classCosines(batch, parameters("weights")), { scale, target: turned(marginDegrees) }),
  },
});

/**
 * ArcFace with several weights a class, of which the nearest counts: rows with a wrong label gather at a centre of their own. Deng et al.
 * 2020, eq. 4. `weights` are class by class; `subCentreOutliers` names the rows to drop.
 */
export const subCentreArcface = defineLoss({
  name: "sub-centre-arcface",
  options: z.strictObject({
    centres: z.int().min(1).default(3),
    marginDegrees: z.number().min(0).max(90).default(28.6),
    scale: z.number().positive().default(64),
  }),
  parameters: (sizes, { centres }) => classWeights(sizes, centres),
  build: {
    labelled(batch, { centres, scale, marginDegrees }, parameters) {
      // Rows last: onnxruntime goes through a short last axis element by element.
      const all = similarityMatrix(parameters("weights"), batch.embeddings, "cosine");
      const cosines = transpose(max(all.reshape([-1, centres, all.length(1)]), 1));
      return cosineMarginSoftmax(batch, cosines, { scale, target: turned(marginDegrees) });
    },
  },
});

function turned(marginDegrees: number): (cosine: Tensor) => Tensor {
  const m = radians(marginDegrees);
  return (cosine) => where(cosine.less(-Math.cos(m)), cosine.sub(m * Math.sin(m)), cosineOfShifted(cosine, m));
}
