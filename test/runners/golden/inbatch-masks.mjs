import { logSumExp } from "#nearmiss/negatives/draw.js";
import { inBatchMask, maskPolicies } from "#nearmiss/negatives/masks.js";
import { compareCase } from "../compare.mjs";

export const handlers = [
  {
    matches: ({ parent, name }) => parent === "samplers" && name === "inbatch_masks",
    runCase(one) {
      const { inputs, expected } = one;
      if (!Object.keys(expected).every((policy) => maskPolicies.includes(policy))) return "skip";
      const batch = {
        queryIds: inputs.queryIds.map(String),
        positiveIds: inputs.positiveIds.map(String),
        negativeIds: inputs.hardNegativeIds.map((row) => row.map(String)),
        knownPositives: inputs.knownPositives.map((row) => new Set(row.map(String))),
      };
      const got = Object.keys(expected).map((policy) => [policy, masked(batch, policy, inputs.logits)]);
      return compareCase(Object.fromEntries(got), one);
    },
  },
];

/** The mask, what it leaves, and the softmax loss over what it leaves. */
function masked(batch, policy, logits) {
  const { columns, keep } = inBatchMask(batch, policy);
  const rows = logits.map((_, i) => [...keep.subarray(i * columns.length, (i + 1) * columns.length)]);
  const rowLoss = logits.map((row, i) => logSumExp(row.filter((_, j) => rows[i][j] === 1)) - row[i]);
  return {
    keep: rows,
    negativesPerRow: rows.map((row) => row.reduce((sum, x) => sum + x, 0) - 1),
    rowLoss,
    meanLoss: rowLoss.reduce((sum, x) => sum + x, 0) / rowLoss.length,
  };
}
