import type { Host } from "./host.js";
import {
  adamw,
  adamwTable,
  axpy,
  ema,
  type FloatArray,
  scatterAddRows,
  sgd,
  sparseProduct,
  squaredNorm,
  squaredNormRows,
} from "./reference.js";

/** A host in plain TypeScript: float64 unless another array is asked for. */
export function createReferenceHost(
  allocate: (length: number) => FloatArray = (length) => new Float64Array(length),
): Host<FloatArray> {
  return {
    allocate,
    free: () => undefined,
    values: (block) => block,
    adamw,
    adamwTable,
    sgd,
    squaredNorm,
    squaredNormRows,
    axpy,
    ema,
    sparseProduct,
    scatterAddRows,
  };
}
