import type { DType } from "./shape.js";

/** A tensor outside a graph: row-major values of a concrete shape. Booleans are bytes 0 and 1. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

/** Values of a graph's inputs, by name. */
export type Feeds = Readonly<Record<string, HostTensor>>;
