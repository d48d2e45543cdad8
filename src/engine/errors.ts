import { inputError, workError } from "../base/errors.js";

/** A graph with masks cannot run without their key. */
export function missingDropout(path: string) {
  return inputError("missing-dropout", "the graph has dropout masks, and the run names no seed and step", {
    field: path,
  });
}

/** Loss or gradient is NaN or infinite; nothing was changed. */
export function nonFinite(what: string, found: number) {
  return workError("non-finite", `${what} is not finite: weights and optimiser were left as they are`, {
    found: String(found),
    hint: "lower the learning rate, clip the gradients, or look at this batch",
  });
}
