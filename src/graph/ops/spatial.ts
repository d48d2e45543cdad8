import { apply, fill, part, type Tensor } from "../tensor.js";

export interface WindowOptions {
  /** Steps down and right; a number stands for both. Default: 1 for a convolution, the window's size for pooling. */
  readonly stride?: number | readonly [number, number];
  /** Zeros around the picture: on all sides, or above and below, left and right. */
  readonly padding?: number | readonly [number, number];
}

/**
 * Cross-correlation, as networks call convolution: x [rows, channels, height, width] with kernels [out, channels, kernelHeight, kernelWidth] gives
 * [rows, out, (height + 2 · padding − kernelHeight) / stride + 1 (rounded down), …]. A bias of [out, 1, 1] is added by the caller. Height and width are numbers.
 */
export function conv2d(x: Tensor, kernel: Tensor, { stride = 1, padding = 0 }: WindowOptions = {}): Tensor {
  return apply("conv2d", [x, kernel], { strides: both(stride), pads: around(padding) });
}

/** The largest element of each window, per channel. Padding never wins; of equal elements the first in row-major order gets the gradient. */
export function maxPool2d(x: Tensor, size: number | readonly [number, number], options: WindowOptions = {}): Tensor {
  const { stride = size, padding = 0 } = options;
  const node = apply("maxPool2d", [x], { kernel: both(size), strides: both(stride), pads: around(padding) });
  return part(node, 0);
}

/** The mean of each window, per channel; padding counts as zeros. */
export function avgPool2d(x: Tensor, size: number | readonly [number, number], options: WindowOptions = {}): Tensor {
  const { stride = size, padding = 0 } = options;
  const [height, width] = both(size);
  const one = x.reshape([-1, 1, x.length(2), x.length(3)]);
  const y = conv2d(one, fill(1 / (height * width), [1, 1, height, width]), { stride, padding });
  return y.reshape([x.length(0), x.length(1), y.length(2), y.length(3)]);
}

function both(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}

function around(padding: number | readonly [number, number]): readonly [number, number, number, number] {
  const [vertical, horizontal] = both(padding);
  return [vertical, horizontal, vertical, horizontal];
}
