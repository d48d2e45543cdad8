import { inputError } from "../base/errors.js";
import type { Inputs } from "../graph/op.js";
import { formatShape, type Shape, sameShape } from "../graph/shape.js";
import { isOp, scalar, Tensor } from "../graph/tensor.js";
import { topological } from "../graph/walk.js";
import { gradientRules } from "./rules/index.js";
import type { GradientRule } from "./rules/rule.js";

/**
 * The gradients of y with respect to tensors, as expressions: vector–Jacobian products with `dy` (of y's shape; without it y must be a
 * scalar). A tensor is known by its node: two leaves of one name each have their share. null where y does not depend on the tensor through anything differentiable. Throws `gradient` when an operation on the way has no
 * rule, and `shape` when dy does not fit.
 */
export function gradients(y: Tensor, wrt: readonly Tensor[], dy?: Tensor): readonly (Tensor | null)[] {
  const order = topological([y]);
  const depends = new Set<Tensor>(wrt);
  for (const node of order) if (node.inputs.some((input) => depends.has(input))) depends.add(node);
  const found = new Map<Tensor, (Tensor | null)[]>([[y, [seed(y, dy)]]]);
  const accumulate = (node: Tensor, index: number, gradient: Tensor) => {
    const sums = found.get(node) ?? (node.parts ?? [node]).map(() => null);
    const before = sums[index];
    sums[index] = before === null || before === undefined ? gradient : before.add(gradient);
    found.set(node, sums);
  };
  for (const node of order.toReversed()) {
    const dys = found.get(node);
    if (dys === undefined || !node.inputs.some((input) => depends.has(input))) continue;
    for (const [i, gradient] of inputGradients(node, dys).entries()) {
      const input = node.inputs[i];
      if (input === undefined || gradient === null || !depends.has(input)) continue;
      if (isOp(node, "part")) accumulate(input, node.attributes.index, gradient);
      else if (input.dtype === "float32") accumulate(input, 0, matchShape(gradient, input.shape));
    }
  }
  return wrt.map((tensor) => found.get(tensor)?.[0] ?? null);
}

function inputGradients(node: Tensor, dys: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
  if (isOp(node, "part")) return [dys[0] ?? null];
  const rule = gradientRules[node.op as keyof typeof gradientRules];
  if (rule === "constant") return [];
  if (rule === "none") throw inputError("gradient", `${node.op} has no gradient rule`);
  const dy = node.parts === undefined ? dys[0] : dys;
  return (rule as GradientRule<never>)(
    dy as never,
    node.inputs as unknown as Inputs<Tensor>,
    node,
    node.attributes as never,
  );
}

function seed(y: Tensor, dy: Tensor | undefined): Tensor {
  if (y.dtype !== "float32") throw inputError("gradient", `the gradient of a ${y.dtype} tensor`);
  if (dy === undefined && y.shape.some((length) => length !== 1)) {
    throw inputError("shape", `the gradient of a tensor of shape ${formatShape(y.shape)} needs a dy of that shape`);
  }
  const given = dy ?? scalar(1).broadcastTo(y.shape);
  if (!(given instanceof Tensor && sameShape(given.shape, y.shape) && given.dtype === "float32")) {
    throw inputError("shape", `dy is ${formatShape(given.shape)}, y is ${formatShape(y.shape)}`);
  }
  return given;
}

/** Sums a gradient over what was broadcast, or repeats it over what was summed, until it has the shape of its input. */
function matchShape(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const lead = Math.max(0, gradient.rank - shape.length);
  const leading = Array.from({ length: lead }, (_, i) => i);
  const inner = shape.flatMap((length, i) => {
    const axis = gradient.rank - shape.length + i;
    return axis >= 0 && length === 1 && gradient.length(axis) !== 1 ? [axis] : [];
  });
  const axes = [...leading, ...inner];
  const summed = axes.length === 0 ? gradient : gradient.sum(axes, { keepDims: true });
  const narrowed = lead === 0 ? summed : summed.squeeze(leading);
  return sameShape(narrowed.shape, shape) ? narrowed : narrowed.broadcastTo(shape);
}
