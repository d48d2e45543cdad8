import { inputError } from "../../../base/errors.js";
import type { Dim } from "../../dim.js";
import type { Inputs, OpAttributes, OpName } from "../../op.js";
import type { DType, Shape } from "../../shape.js";
import type { Tensor } from "../../tensor.js";
import type { Emitter } from "../emitter.js";
import { elementTypes } from "../model.js";

/** Names of the inputs' values. */
export type Names = Inputs<string>;

/** Writes one operation; returns the name of its result, or of each of its results. */
export type Lowering<O extends OpName> = (
  emitter: Emitter,
  inputs: Names,
  node: Tensor,
  attributes: OpAttributes[O],
) => string | readonly string[];

export type Lowerings<O extends OpName> = { readonly [K in O]: Lowering<K> };

/** A lowering to one operator of the same inputs. */
export function direct(type: string) {
  return (emitter: Emitter, inputs: readonly string[]): string => emitter.op(type, inputs);
}

export function cast(emitter: Emitter, x: string, dtype: DType): string {
  return emitter.op("Cast", [x], { attributes: { to: elementTypes[dtype] } });
}

/** A tensor of zeros or another value, of any lengths. */
export function filled(emitter: Emitter, shape: Shape, value: number, dtype: DType = "float32"): string {
  const data = {
    float32: Float32Array.of(value),
    int32: Int32Array.of(value),
    bool: Uint8Array.of(value),
  }[dtype];
  const attributes = { value: { type: dtype, shape: [1], data } };
  return emitter.op("ConstantOfShape", [emitter.lengths(shape)], { attributes });
}

/** A reshape that computes lengths in the graph only where ONNX cannot infer them: 0 copies a length, one -1 is worked out. */
export function reshape(emitter: Emitter, x: string, from: Shape, to: Shape): string {
  const short: Dim[] = to.map((length, i) => (typeof length === "string" && length === from[i] ? 0 : length));
  const open = short.filter((length) => typeof length === "string");
  const target = open.length === 1 ? short.map((length) => (typeof length === "string" ? -1 : length)) : short;
  return emitter.op("Reshape", [x, emitter.lengths(open.length > 1 ? to : target)]);
}

export function notInGraph(_: Emitter, __: Names, node: Tensor): never {
  throw inputError("shape", `${node.op} belongs to the edge of a graph: it may only be a parameter's gradient`);
}
