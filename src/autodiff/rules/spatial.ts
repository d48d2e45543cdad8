import type { SpatialOp } from "../../graph/op.js";
import { shapeSize } from "../../graph/shape.js";
import { apply, part, type Tensor } from "../../graph/tensor.js";
import { type GradientRules, onlyFirst } from "./rule.js";

/** A convolution and its two gradients are each the others' gradients. */
export const spatialGradients: GradientRules<SpatialOp> = {
  conv2d: (dy, [x, kernel], _, window) => [
    apply("conv2dInputGradient", [dy, kernel], { ...window, size: sizeOf(x) }),
    apply("conv2dKernelGradient", [x, dy], { ...window, size: sizeOf(kernel) }),
  ],
  conv2dInputGradient: (g, [dy, kernel], _, { strides, pads }) => [
    apply("conv2d", [g, kernel], { strides, pads }),
    apply("conv2dKernelGradient", [g, dy], { strides, pads, size: sizeOf(kernel) }),
  ],
  conv2dKernelGradient: (g, [x, dy], _, { strides, pads }) => [
    apply("conv2dInputGradient", [dy, g], { strides, pads, size: sizeOf(x) }),
    apply("conv2d", [x, g], { strides, pads }),
  ],
  maxPool2d: (dys, [x], y) => {
    const dy = onlyFirst("maxPool2d", dys);
    const size = shapeSize(x.shape);
    const sums = apply("scatterAdd", [dy.reshape([-1]), part(y, 1).reshape([-1])], { axis: 0, shape: [size] });
    return [sums.reshape(x.shape)];
  },
};

function sizeOf(x: Tensor): readonly [number, number] {
  return x.shape.slice(2) as [number, number];
}
