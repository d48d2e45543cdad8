import type { SpatialOp } from "../../op.js";
import type { Emitter } from "../emitter.js";
import { cast, type Lowerings } from "./lowering.js";

export const spatialLowerings: Lowerings<SpatialOp> = {
  conv2d: (emitter, [x, kernel], _, { strides, pads }) =>
    emitter.op("Conv", [x, kernel], { attributes: { strides, pads } }),
  conv2dInputGradient: (emitter, [dy, kernel], { inputs }, { strides, pads, size }) => {
    const [down, tall] = [inputs[0]?.shape.slice(2), inputs[1]?.shape.slice(2)] as [number[], number[]];
    // What the last step left over below and on the right.
    const output_padding = size.map(
      (length, i) =>
        length +
        (pads[i] as number) +
        (pads[i + 2] as number) -
        (tall[i] as number) -
        ((down[i] as number) - 1) * (strides[i] as number),
    );
    return emitter.op("ConvTranspose", [dy, kernel], { attributes: { strides, pads, output_padding } });
  },
  // Rows and channels change places: the kernel's gradient is a convolution of the pictures with the cotangents, spread by the stride.
  conv2dKernelGradient: (emitter, [x, dy], _, { strides, pads, size }) => {
    const attributes = { dilations: strides, pads };
    const product = emitter.op("Conv", [swapped(emitter, x), swapped(emitter, dy)], { attributes });
    const starts = emitter.lengths([0, 0]);
    return swapped(emitter, emitter.op("Slice", [product, starts, emitter.lengths(size), emitter.lengths([2, 3])]));
  },
  maxPool2d: (emitter, [x], _, { kernel, strides, pads }) => {
    const attributes = { kernel_shape: kernel, strides, pads };
    const [values, places] = emitter.several("MaxPool", [x], 2, { attributes });
    return [values as string, cast(emitter, places as string, "int32")];
  },
};

function swapped(emitter: Emitter, x: string): string {
  return emitter.op("Transpose", [x], { attributes: { perm: [1, 0, 2, 3] } });
}
