import type { BroadcastOp, UnaryOp } from "../../graph/op.js";
import { erf } from "./erf.js";
import type { Call, References } from "./reference.js";
import { at, count, generate, spread } from "./value.js";

export const elementwiseReferences: References<BroadcastOp | UnaryOp> = {
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b),
  pow: binary((a, b) => a ** b),
  minimum: binary((a, b) => Math.min(a, b)),
  maximum: binary((a, b) => Math.max(a, b)),
  equal: binary((a, b) => Number(a === b)),
  less: binary((a, b) => Number(a < b)),
  lessOrEqual: binary((a, b) => Number(a <= b)),
  and: binary((a, b) => a & b),
  or: binary((a, b) => a | b),
  where: ({ inputs, dtype, shape }) => {
    const [condition, yes, no] = [inputs[0], inputs[1], inputs[2]].map((x) => spread(x, shape)) as [Data, Data, Data];
    return generate(dtype, count(shape), (i) => at(at(condition, i) ? yes : no, i));
  },
  neg: unary((x) => -x),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  abs: unary(Math.abs),
  acos: unary(Math.acos),
  sign: unary(Math.sign),
  erf: unary(erf),
  tanh: unary(Math.tanh),
  sigmoid: unary((x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))),
  softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  relu: unary((x) => (x > 0 ? x : x * 0)),
  not: unary((x) => 1 - x),
  clip: (call) => unary((x) => Math.min(Math.max(x, call.attributes.min), call.attributes.max))(call),
  cast: (call) => unary((x) => (call.dtype === "bool" ? Number(x !== 0) : x))(call),
  stopGradient: unary((x) => x),
};

type Data = ReturnType<typeof spread>;

function unary(f: (x: number) => number) {
  return ({ inputs: [x], dtype }: Pick<Call<UnaryOp>, "inputs" | "dtype">) =>
    generate(dtype, x.data.length, (i) => f(at(x.data, i)));
}

function binary(f: (a: number, b: number) => number) {
  return ({ inputs, dtype, shape }: Call<BroadcastOp>) => {
    const a = spread(inputs[0], shape);
    const b = spread(inputs[1], shape);
    return generate(dtype, a.length, (i) => f(at(a, i), at(b, i)));
  };
}
