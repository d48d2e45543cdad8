import type { SpatialOp } from "../op.js";
import { type Spec, shapeError } from "../shape.js";
import { float, int, requireDtype, type ShapeRules } from "./rule.js";

export const spatialRules: ShapeRules<SpatialOp> = {
  conv2d: (inputs, { strides, pads }, op) => {
    const [x, kernel] = [picture(inputs, 0, op), picture(inputs, 1, op)];
    if (x.channels !== kernel.channels) throw shapeError(op, inputs, "the kernel has other channels");
    return float([
      x.rows,
      kernel.rows,
      ...slid(inputs, [x.height, x.width], [kernel.height, kernel.width], strides, pads, op),
    ]);
  },
  conv2dInputGradient: (inputs, { size }, op) => {
    const [dy, kernel] = [picture(inputs, 0, op), picture(inputs, 1, op)];
    return float([dy.rows, kernel.channels, ...size]);
  },
  conv2dKernelGradient: (inputs, { size }, op) => {
    const [x, dy] = [picture(inputs, 0, op), picture(inputs, 1, op)];
    return float([dy.channels, x.channels, ...size]);
  },
  maxPool2d: (inputs, { kernel, strides, pads }, op) => {
    const x = picture(inputs, 0, op);
    if (pads.some((zeros, i) => zeros >= (kernel[i % 2] ?? 0)))
      throw shapeError(op, inputs, "a window may lie in the padding");
    const shape = [x.rows, x.channels, ...slid(inputs, [x.height, x.width], kernel, strides, pads, op)];
    return [float(shape), int(shape)];
  },
};

function picture(inputs: readonly Spec[], index: number, op: string) {
  const { shape } = requireDtype(op, inputs, index, "float32");
  const [rows = 0, channels = 0, height, width] = shape;
  if (shape.length !== 4 || typeof height !== "number" || typeof width !== "number") {
    throw shapeError(op, inputs, "expected [rows, channels, height, width], the last two numbers");
  }
  return { rows, channels, height, width };
}

/** How often a window fits along each axis. */
function slid(
  inputs: readonly Spec[],
  size: readonly [number, number],
  kernel: readonly [number, number],
  strides: readonly [number, number],
  pads: readonly [number, number, number, number],
  op: string,
): [number, number] {
  const steps = [0, 1].map((axis) => {
    const room =
      (size[axis] as number) + (pads[axis] as number) + (pads[axis + 2] as number) - (kernel[axis] as number);
    if (room < 0) throw shapeError(op, inputs, "the window is larger than the picture");
    return Math.floor(room / (strides[axis] as number)) + 1;
  });
  return steps as [number, number];
}
