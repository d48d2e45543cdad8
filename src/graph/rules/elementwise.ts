import type { BroadcastOp, Inputs, OpName, UnaryOp } from "../op.js";
import { broadcastShapes, type DType, type Spec, shapeError } from "../shape.js";
import { requireDtype, type ShapeRules } from "./rule.js";

const numbers: readonly DType[] = ["float32", "int32"];

export const elementwiseRules: ShapeRules<BroadcastOp | UnaryOp> = {
  add: binary(numbers),
  sub: binary(numbers),
  mul: binary(numbers),
  div: binary(numbers),
  pow: binary(["float32"]),
  minimum: binary(numbers),
  maximum: binary(numbers),
  equal: binary(["float32", "int32", "bool"], "bool"),
  less: binary(numbers, "bool"),
  lessOrEqual: binary(numbers, "bool"),
  and: binary(["bool"]),
  or: binary(["bool"]),
  where: (inputs, _, op) => {
    requireDtype(op, inputs, 0, "bool");
    const yes = requireDtype(op, inputs, 1, ...numbers);
    const no = requireDtype(op, inputs, 2, yes.dtype);
    const branches = broadcastShapes(yes.shape, no.shape);
    const shape = branches === null ? null : broadcastShapes(inputs[0].shape, branches);
    if (shape === null) throw shapeError(op, inputs, "the shapes do not broadcast");
    return { dtype: yes.dtype, shape };
  },
  neg: unary(numbers),
  exp: unary(["float32"]),
  log: unary(["float32"]),
  sqrt: unary(["float32"]),
  abs: unary(numbers),
  acos: unary(["float32"]),
  sign: unary(numbers),
  erf: unary(["float32"]),
  tanh: unary(["float32"]),
  sigmoid: unary(["float32"]),
  softplus: unary(["float32"]),
  relu: unary(["float32"]),
  not: unary(["bool"]),
  clip: (inputs, { min, max }, op) => {
    if (!(min <= max)) throw shapeError(op, inputs, `min ${min} is above max ${max}`);
    return requireDtype(op, inputs, 0, ...numbers);
  },
  cast: ([x], { dtype }) => ({ dtype, shape: x.shape }),
  stopGradient: ([x]) => x,
};

function unary(dtypes: readonly DType[]) {
  return (inputs: Inputs<Spec>, _: unknown, op: OpName): Spec => requireDtype(op, inputs, 0, ...dtypes);
}

function binary(dtypes: readonly DType[], result?: DType) {
  return (inputs: Inputs<Spec>, _: unknown, op: OpName): Spec => {
    const a = requireDtype(op, inputs, 0, ...dtypes);
    const b = requireDtype(op, inputs, 1, a.dtype);
    const shape = broadcastShapes(a.shape, b.shape);
    if (shape === null) throw shapeError(op, inputs, "the shapes do not broadcast");
    return { dtype: result ?? a.dtype, shape };
  };
}
