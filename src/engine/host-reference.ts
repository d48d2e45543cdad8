import type { Host } from "./host.js";
import { adamw, axpy, bagGradient, ema, type FloatArray, scatterAddRows, sgd, squaredNorm } from "./reference.js";

/** A host in plain TypeScript: float64 unless another array is asked for. */
export function createReferenceHost(
  allocate: (length: number) => FloatArray = (length) => new Float64Array(length),
): Host<FloatArray> {
  return {
    allocate,
    free: () => undefined,
    values: (block) => block,
    adamw,
    sgd,
    squaredNorm,
    axpy,
    ema,
    bagGradient,
    scatterAddRows,
  };
}
