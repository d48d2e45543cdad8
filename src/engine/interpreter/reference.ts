import type { Dim } from "../../graph/dim.js";
import type { Inputs, OpAttributes, OpName } from "../../graph/op.js";
import type { DType } from "../../graph/tensor.js";
import type { Data, Value } from "./value.js";

/** What a reference function is given: values of the inputs, and what the result must look like. */
export interface Call<O extends OpName> {
  readonly inputs: Inputs<Value>;
  readonly attributes: OpAttributes[O];
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Shapes of all results, where there are several. */
  readonly shapes: readonly (readonly number[])[];
  readonly length: (value: Dim) => number;
}

/** Computes an operation in the most obvious way, in float64. */
export type Reference<O extends OpName> = (call: Call<O>) => Data | readonly Data[];

export type References<O extends OpName> = { readonly [K in O]: Reference<K> };
