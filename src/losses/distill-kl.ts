import { z } from "zod";
import { eye, logSoftmax, mean, stopGradient, type Tensor, where } from "../graph/index.js";
import { similarityMatrix } from "../nn/distances.js";
import { defineLoss } from "./define.js";
import { teacherOf } from "./teacher.js";

/**
 * T² · mean KL(softmax(teacher / T) ‖ softmax(q·candidates / T)) over each row's positive and own negatives (Hinton et al. 2015, §2; list-wise
 * distillation of rankers). The T² keeps gradients of one size while T changes; with two temperatures it is the student's.
 */
export const distillKl = defineLoss({
  name: "distill-kl",
  scope: "own",
  options: z.strictObject({
    temperature: z.number().positive().default(1),
    /** Absent: `temperature`. */
    studentTemperature: z.number().positive().optional(),
    teacherTemperature: z.number().positive().optional(),
    similarity: z.enum(["cosine", "dot"]).default("dot"),
  }),
  build: {
    pairs: (batch, { temperature, studentTemperature = temperature, teacherTemperature = temperature, similarity }) => {
      const { queries, documents, negatives } = batch;
      const listed = negatives.or(eye(queries.length(0), documents.length(0)).greater(0));
      const logP = (scores: Tensor) => where(listed, logSoftmax(where(listed, scores, Number.NEGATIVE_INFINITY), 1), 0);
      const student = logP(similarityMatrix(queries, documents, similarity, 1 / studentTemperature));
      const teacher = logP(stopGradient(teacherOf("distill-kl", batch)).mul(1 / teacherTemperature));
      const divergences = where(listed, teacher.exp().mul(teacher.sub(student)), 0).sum(1);
      return { loss: mean(divergences).mul(studentTemperature ** 2), telemetry: {} };
    },
  },
});
