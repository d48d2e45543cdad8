import { apply, type Operand, operand, type Tensor } from "../tensor.js";

export function minimum(a: Operand, b: Operand): Tensor {
  return apply("minimum", pair(a, b), {});
}

/** Where a equals b, the gradient goes to a. */
export function maximum(a: Operand, b: Operand): Tensor {
  return apply("maximum", pair(a, b), {});
}

/** `yes` where the condition holds, else `no`; the gradient of what was not chosen is 0, whatever its value. */
export function where(condition: Tensor, yes: Operand, no: Operand): Tensor {
  return apply("where", [condition, ...pair(yes, no)], {});
}

/** e^x. */
export function exp(x: Tensor): Tensor {
  return x.exp();
}

export function log(x: Tensor): Tensor {
  return x.log();
}

/** The gradient at 0 is infinite. */
export function sqrt(x: Tensor): Tensor {
  return x.sqrt();
}

/** The gradient at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return x.abs();
}

/** The angle of a cosine, 0 … π; NaN outside −1 … 1. The gradient at −1 and 1, where it has no bound, is 0. */
export function acos(x: Tensor): Tensor {
  return apply("acos", [x], {});
}

/** -1, 0 or 1; its gradient is 0. */
export function sign(x: Tensor): Tensor {
  return apply("sign", [x], {});
}

export function erf(x: Tensor): Tensor {
  return apply("erf", [x], {});
}

export function tanh(x: Tensor): Tensor {
  return apply("tanh", [x], {});
}

export function sigmoid(x: Tensor): Tensor {
  return apply("sigmoid", [x], {});
}

/** log(1 + e^x), without overflow. */
export function softplus(x: Tensor): Tensor {
  return apply("softplus", [x], {});
}

/** max(x, 0); the gradient at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return apply("relu", [x], {});
}

/** x limited to min … max; the gradient is 1 inside and on the bounds. */
export function clip(
  x: Tensor,
  { min = -Infinity, max = Infinity }: { readonly min?: number; readonly max?: number },
): Tensor {
  return apply("clip", [x], { min, max });
}

/** x, as a constant to differentiation. */
export function stopGradient(x: Tensor): Tensor {
  return apply("stopGradient", [x], {});
}

/** Two numbers are float32. */
function pair(a: Operand, b: Operand): [Tensor, Tensor] {
  const dtype = typeof a !== "number" ? a.dtype : typeof b !== "number" ? b.dtype : "float32";
  return [operand(a, dtype), operand(b, dtype)];
}
