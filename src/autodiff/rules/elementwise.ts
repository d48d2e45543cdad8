import type { BroadcastOp, LeafOp, UnaryOp } from "../../graph/op.js";
import { sigmoid, sign, where } from "../../graph/ops/elementwise.js";
import type { GradientRules } from "./rule.js";

export const elementwiseGradients: GradientRules<LeafOp | BroadcastOp | UnaryOp> = {
  input: "constant",
  parameter: "constant",
  constant: "constant",
  fill: "constant",
  iota: "constant",
  size: "constant",
  dropoutMask: "constant",

  add: (dy) => [dy, dy],
  sub: (dy) => [dy, dy.neg()],
  // A square in one pass, with the same bits.
  mul: (dy, [a, b]) => (a === b ? [dy.mul(2).mul(a), null] : [dy.mul(b), dy.mul(a)]),
  div: (dy, [, b], y) => [dy.div(b), dy.mul(y).div(b).neg()],
  pow: (dy, [a, b], y) => {
    const zero = a.equal(0);
    return [dy.mul(b).mul(a.pow(b.sub(1))), where(zero, 0, dy.mul(y).mul(where(zero, 1, a).log()))];
  },
  minimum: (dy, [a, b]) => [where(a.lessOrEqual(b), dy, 0), where(a.lessOrEqual(b), 0, dy)],
  maximum: (dy, [a, b]) => [where(b.lessOrEqual(a), dy, 0), where(b.lessOrEqual(a), 0, dy)],
  equal: "constant",
  less: "constant",
  lessOrEqual: "constant",
  and: "constant",
  or: "constant",
  where: (dy, [condition]) => [null, where(condition, dy, 0), where(condition, 0, dy)],

  neg: (dy) => [dy.neg()],
  exp: (dy, _, y) => [dy.mul(y)],
  log: (dy, [x]) => [dy.div(x)],
  // At 0 the slope is infinite: 0 is taken there, since two equal points have no direction in which to part.
  sqrt: (dy, _, y) => [where(y.equal(0), 0, dy.mul(0.5).div(y))],
  abs: (dy, [x]) => [dy.mul(sign(x))],
  acos: (dy, [x]) => {
    const sine = x.square().neg().add(1);
    const inside = sine.greater(0);
    return [where(inside, dy.mul(where(inside, sine, 1).pow(-0.5)).neg(), 0)];
  },
  sign: "constant",
  erf: (dy, [x]) => [dy.mul(x.square().neg().exp()).mul(2 / Math.sqrt(Math.PI))],
  tanh: (dy, _, y) => [dy.sub(dy.mul(y.square()))],
  sigmoid: (dy, _, y) => [dy.mul(y.sub(y.square()))],
  softplus: (dy, [x]) => [dy.mul(sigmoid(x))],
  relu: (dy, [x]) => [where(x.greater(0), dy, 0)],
  not: "constant",
  clip: (dy, [x], _, { min, max }) => [where(x.greaterOrEqual(min).and(x.lessOrEqual(max)), dy, 0)],
  cast: "constant",
  stopGradient: "constant",
};
