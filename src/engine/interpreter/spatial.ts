import type { SpatialOp } from "../../graph/op.js";
import type { References } from "./reference.js";
import { at, count, floats } from "./value.js";

type Four = readonly [number, number, number, number];

export const spatialReferences: References<SpatialOp> = {
  conv2d: ({ inputs: [x, kernel], attributes: { strides, pads }, shape }) => {
    const y = floats(count(shape), () => 0);
    eachTap(x.shape as Four, kernel.shape as Four, shape as Four, strides, pads, (from, weight, to) => {
      y[to] = at(y, to) + at(x.data, from) * at(kernel.data, weight);
    });
    return y;
  },
  conv2dInputGradient: ({ inputs: [dy, kernel], attributes: { strides, pads }, shape }) => {
    const dx = floats(count(shape), () => 0);
    eachTap(shape as Four, kernel.shape as Four, dy.shape as Four, strides, pads, (from, weight, to) => {
      dx[from] = at(dx, from) + at(dy.data, to) * at(kernel.data, weight);
    });
    return dx;
  },
  conv2dKernelGradient: ({ inputs: [x, dy], attributes: { strides, pads }, shape }) => {
    const dKernel = floats(count(shape), () => 0);
    eachTap(x.shape as Four, shape as Four, dy.shape as Four, strides, pads, (from, weight, to) => {
      dKernel[weight] = at(dKernel, weight) + at(dy.data, to) * at(x.data, from);
    });
    return dKernel;
  },
  maxPool2d: ({ inputs: [x], attributes: { kernel, strides, pads }, shape }) => {
    const [rows, channels, height, width] = x.shape as Four;
    const [, , down, right] = shape as Four;
    const best = floats(count(shape), () => Number.NEGATIVE_INFINITY);
    const places = new Int32Array(best.length);
    // Each channel of each row is a picture of its own.
    const planes: Four = [rows * channels, 1, height, width];
    eachTap(planes, [1, 1, ...kernel], [rows * channels, 1, down, right], strides, pads, (from, _, to) => {
      if (!(at(x.data, from) > at(best, to))) return;
      best[to] = at(x.data, from);
      places[to] = from;
    });
    return [best, places];
  },
};

/** Every product of a convolution: the places of its element of x, of the kernel, and of the result; in row-major order of the window. */
function eachTap(
  [rows, channels, height, width]: Four,
  [out, , tall, wide]: Four,
  [, , down, right]: Four,
  [stepDown, stepRight]: readonly [number, number],
  [above, left]: Four,
  visit: (from: number, weight: number, to: number) => void,
): void {
  for (let n = 0; n < rows; n++)
    for (let o = 0; o < out; o++)
      for (let i = 0; i < down; i++)
        for (let j = 0; j < right; j++) {
          const to = ((n * out + o) * down + i) * right + j;
          for (let c = 0; c < channels; c++)
            for (let k = 0; k < tall; k++)
              for (let l = 0; l < wide; l++) {
                const [y, x] = [i * stepDown - above + k, j * stepRight - left + l];
                if (y < 0 || y >= height || x < 0 || x >= width) continue;
                visit(((n * channels + c) * height + y) * width + x, ((o * channels + c) * tall + k) * wide + l, to);
              }
        }
}
