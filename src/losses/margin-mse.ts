import { z } from "zod";
import { diagonal, stopGradient } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { meanOf } from "./masked.js";
import { teacherOf } from "./teacher.js";

/**
 * mean over each row's own negatives of ((q·p − q·n) − (teacher's margin))² (Hofstätter et al. 2020, eq. 3). The student need only be as far apart
 * as a cross-encoder is, not on its scale.
 */
export const marginMse = defineLoss({
  name: "margin-mse",
  scope: "own",
  options: z.strictObject({
    similarity: z.enum(["cosine", "dot"]).default("dot"),
    scale: z.number().positive().default(1),
  }),
  build: {
    pairs: (batch, { similarity, scale }) => {
      const scores = similarityMatrix(batch.queries, batch.documents, similarity, scale);
      const teacher = stopGradient(teacherOf("margin-mse", batch));
      const student = diagonal(scores).unsqueeze(1).sub(scores);
      const wanted = diagonal(teacher).unsqueeze(1).sub(teacher);
      return {
        loss: meanOf(student.sub(wanted).square(), batch.negatives),
        telemetry: { meanMargin: meanOf(student, batch.negatives) },
      };
    },
  },
});
