import { inputError } from "../../base/errors.js";
import type { Inputs, OpAttributes, OpName } from "../../graph/op.js";
import type { Tensor } from "../../graph/tensor.js";

/** Operations with several results. */
export type SeveralOp = "topK" | "attention" | "layerNorm" | "geluGate" | "split" | "partitionRows" | "maxPool2d";

/**
 * From the gradient of a result (of each result, null where nothing depends on it), the gradients of the inputs, null for those that have none.
 * A gradient may be left in the shape of a broadcast, wider or narrower than the input: the walk sums or repeats it.
 */
export type GradientRule<O extends OpName> = (
  dy: O extends SeveralOp ? readonly (Tensor | null)[] : Tensor,
  inputs: Inputs<Tensor>,
  y: Tensor,
  attributes: OpAttributes[O],
) => readonly (Tensor | null)[];

/** "constant": the result has no gradient, by its nature or its purpose. "none": no rule is written. */
export type GradientRules<O extends OpName> = { readonly [K in O]: GradientRule<K> | "constant" | "none" };

/** The gradient of the first result, where the others are there for the gradient's own use. */
export function onlyFirst(op: OpName, dys: readonly (Tensor | null)[]): Tensor {
  const [dy, ...others] = dys;
  if (dy === undefined || dy === null || others.some((other) => other !== null)) {
    throw inputError("gradient", `${op}: the gradient through its inner results is not defined`);
  }
  return dy;
}
