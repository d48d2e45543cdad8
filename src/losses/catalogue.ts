import { infoNce, mnrl, mnrlHardNegatives, mnrlMasked, mnrlSymmetric } from "./multiple-negatives.js";
import { tripletMargin } from "./triplet-margin.js";

/** Every loss. A new one is its file and a line here. */
export const losses = [infoNce, mnrl, mnrlHardNegatives, mnrlMasked, mnrlSymmetric, tripletMargin] as const;
