import type { OpName } from "../op.js";
import { axisRules } from "./axes.js";
import { elementwiseRules } from "./elementwise.js";
import { layoutRules } from "./layout.js";
import { leafRules } from "./leaf.js";
import { productRules } from "./product.js";
import { rowRules } from "./rows.js";
import type { ShapeRules } from "./rule.js";
import { spatialRules } from "./spatial.js";

/** The shape rule of every operation but `part`, which picks one result of another. */
export const shapeRules: ShapeRules<Exclude<OpName, "part">> = {
  ...leafRules,
  ...elementwiseRules,
  ...axisRules,
  ...productRules,
  ...layoutRules,
  ...rowRules,
  ...spatialRules,
};
