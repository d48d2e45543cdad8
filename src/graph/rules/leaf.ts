import type { LeafOp } from "../op.js";
import { canonicalShape } from "../shape.js";
import { float, int, type ShapeRules } from "./rule.js";

export const leafRules: ShapeRules<LeafOp> = {
  input: (_, { dtype, shape }) => ({ dtype, shape: canonicalShape(shape) }),
  parameter: (_, { shape }) => float(canonicalShape(shape)),
  constant: (_, { dtype, shape }) => ({ dtype, shape }),
  fill: (_, { dtype, shape }) => ({ dtype, shape: canonicalShape(shape) }),
  iota: (_, { length }) => int(canonicalShape([length])),
  size: () => float([]),
  dropoutMask: (_, { shape }) => ({ dtype: "bool", shape: canonicalShape(shape) }),
};
