import type { Inputs, OpAttributes, OpName } from "../op.js";
import { type DType, type Shape, type Spec, shapeError } from "../shape.js";

/** The dtype and shape of an operation's result, or of each of its results. Throws `shape`. */
export type ShapeRule<O extends OpName> = (
  inputs: Inputs<Spec>,
  attributes: OpAttributes[O],
  op: O,
) => Spec | readonly Spec[];

export type ShapeRules<O extends OpName> = { readonly [K in O]: ShapeRule<K> };

export function float(shape: Shape): Spec {
  return { dtype: "float32", shape };
}

export function int(shape: Shape): Spec {
  return { dtype: "int32", shape };
}

/** Throws unless the tensor has one of the dtypes. */
export function requireDtype(op: string, inputs: readonly Spec[], index: number, ...dtypes: readonly DType[]): Spec {
  const input = inputs[index];
  if (input === undefined) throw shapeError(op, inputs, `input ${index + 1} is missing`);
  if (!dtypes.includes(input.dtype)) {
    throw shapeError(op, inputs, `input ${index + 1} must be ${dtypes.join(" or ")}, found ${input.dtype}`);
  }
  return input;
}
