import type { OpName } from "../../graph/op.js";
import { axisGradients } from "./axes.js";
import { elementwiseGradients } from "./elementwise.js";
import { layoutGradients } from "./layout.js";
import { productGradients } from "./product.js";
import { rowGradients } from "./rows.js";
import type { GradientRules } from "./rule.js";
import { spatialGradients } from "./spatial.js";

/** The gradient rule of every operation but `part`, which the walk itself understands. */
export const gradientRules: GradientRules<Exclude<OpName, "part">> = {
  ...elementwiseGradients,
  ...axisGradients,
  ...productGradients,
  ...layoutGradients,
  ...rowGradients,
  ...spatialGradients,
};
