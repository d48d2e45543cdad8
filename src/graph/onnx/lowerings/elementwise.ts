import type { BroadcastOp, UnaryOp } from "../../op.js";
import { cast, direct, type Lowerings } from "./lowering.js";

export const elementwiseLowerings: Lowerings<BroadcastOp | UnaryOp> = {
  add: direct("Add"),
  sub: direct("Sub"),
  mul: direct("Mul"),
  div: direct("Div"),
  pow: direct("Pow"),
  minimum: direct("Min"),
  maximum: direct("Max"),
  equal: direct("Equal"),
  less: direct("Less"),
  lessOrEqual: direct("LessOrEqual"),
  and: direct("And"),
  or: direct("Or"),
  where: direct("Where"),
  neg: direct("Neg"),
  exp: direct("Exp"),
  log: direct("Log"),
  sqrt: direct("Sqrt"),
  abs: direct("Abs"),
  acos: direct("Acos"),
  sign: direct("Sign"),
  erf: direct("Erf"),
  tanh: direct("Tanh"),
  sigmoid: direct("Sigmoid"),
  softplus: direct("Softplus"),
  relu: direct("Relu"),
  not: direct("Not"),
  clip: (emitter, [x], { dtype }, { min, max }) => {
    const bound = (value: number) => {
      if (!Number.isFinite(value)) return "";
      return dtype === "int32" ? emitter.int(value) : emitter.float(value);
    };
    return emitter.op("Clip", [x, bound(min), bound(max)]);
  },
  cast: (emitter, [x], _, { dtype }) => cast(emitter, x, dtype),
  stopGradient: (_, [x]) => x,
};
