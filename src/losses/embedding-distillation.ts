import { z } from "zod";
import { inputError } from "../base/errors.js";
import { concat, l2Normalize, linear, mean, rowDot, sqrt, stopGradient, type Tensor } from "../graph/index.js";
import { defineLoss } from "./define.js";

/**
 * Mean distance of each vector of a batch to the teacher's of the same text: `mse` over the elements (Reimers and Gurevych 2020, eq. 1, who teach
 * another language so), `l2`, or `cosine`, 1 − cos. A teacher of another dimension is met through a learned linear map.
 */
export const embeddingDistillation = defineLoss({
  name: "embedding-distillation",
  options: z.strictObject({
    metric: z.enum(["mse", "l2", "cosine"]).default("mse"),
    /** Dimension of the teacher where it differs from the student's: the map is [teacherDimension, dimension]. */
    teacherDimension: z.number().int().positive().optional(),
  }),
  parameters: ({ dimension }, { teacherDimension }) =>
    teacherDimension === undefined
      ? []
      : [{ name: "projection", shape: [teacherDimension, dimension], initial: { deviation: dimension ** -0.5 } }],
  build: {
    pairs: ({ queries, documents, guide }, { metric, teacherDimension }, parameters) => {
      if (guide === undefined)
        throw inputError("bad-batch", "embedding-distillation: the batch has no vectors of a teacher");
      const own = concat([queries, documents]);
      const student = teacherDimension === undefined ? own : linear(own, parameters("projection"));
      const teacher = stopGradient(concat([guide.queries, guide.documents]));
      return { loss: distance(student, teacher, metric), telemetry: {} };
    },
  },
});

function distance(x: Tensor, y: Tensor, metric: "mse" | "l2" | "cosine"): Tensor {
  if (metric === "cosine")
    return mean(rowDot(l2Normalize(x), l2Normalize(y)))
      .neg()
      .add(1);
  const squares = x.sub(y).square();
  return metric === "mse" ? mean(squares) : mean(sqrt(squares.sum(1)));
}
