import { inputError } from "../../base/errors.js";
import type { Dim } from "../dim.js";
import type { ConstantData } from "../op.js";
import { type DType, formatShape, type Shape } from "../shape.js";
import { apply, fill, type Tensor } from "../tensor.js";

/** A value given at each run. Lengths may be symbols, `["batch", 384]`, or polynomials of them. */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Tensor {
  return apply("input", [], { name, shape, dtype });
}

/** A weight that the engine owns, float32. Its name is the name in the checkpoint. */
export function parameter(name: string, shape: Shape): Tensor {
  return apply("parameter", [], { name, shape });
}

/** Fixed values, row-major: an array of numbers is float32 (shape [n] unless given); an Int32Array is int32, a Uint8Array bool. */
export function constant(values: readonly number[] | ConstantData, shape: readonly number[] = [values.length]): Tensor {
  const count = shape.reduce((n, length) => n * length, 1);
  if (count !== values.length) {
    throw inputError("shape", `constant: ${values.length} values for ${formatShape(shape)}`);
  }
  const data = Array.isArray(values) ? Float64Array.from(values) : (values as ConstantData).slice();
  const dtype = data instanceof Int32Array ? "int32" : data instanceof Uint8Array ? "bool" : "float32";
  return apply("constant", [], { data, dtype, shape });
}

/** 0 … length-1, int32. */
export function iota(length: Dim): Tensor {
  return apply("iota", [], { length });
}

/** The identity matrix of shape [rows, columns], float32. */
export function eye(rows: Dim, columns: Dim = rows): Tensor {
  return iota(rows).unsqueeze(1).equal(iota(columns).unsqueeze(0)).cast("float32");
}

export function zeros(shape: Shape): Tensor {
  return fill(0, shape);
}

export function ones(shape: Shape): Tensor {
  return fill(1, shape);
}
