import { inputError } from "../base/errors.js";
import type { Tensor } from "../graph/index.js";

/** The teacher's scores of a batch. Throws `bad-batch` without any. */
export function teacherOf(loss: string, { teacher }: { readonly teacher?: Tensor }): Tensor {
  if (teacher !== undefined) return teacher;
  throw inputError("bad-batch", `${loss}: the batch has no scores of a teacher`);
}
