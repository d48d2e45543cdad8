import { averagePrecision, bestAccuracy, equalErrorRate, rocAuc } from "#nearmiss/evaluate/roc.js";
import { verifyByFolds } from "#nearmiss/evaluate/verification.js";
import { close, compare } from "../compare.mjs";

export const handlers = [
  {
    matches: ({ name, json }) => name === "verification" && Array.isArray(json.cases),
    runCase({ distances, same, fold_of_pair, expected }, json) {
      const pairs = { distances, same };
      const { folds, accuracy, val, far } = verifyByFolds({
        ...pairs,
        folds: fold_of_pair,
        ...(expected.far_target === undefined ? {} : { farTarget: expected.far_target }),
      });
      const got = {
        fold_accuracy: folds.map((fold) => fold.accuracy),
        fold_threshold: folds.map((fold) => fold.threshold),
        accuracy_mean: accuracy.mean,
        accuracy_std_ddof0: accuracy.deviation,
        far_target: expected.far_target,
        fold_val: folds.map((fold) => fold.val),
        fold_far: folds.map((fold) => fold.far),
        fold_val_threshold: folds.map((fold) => fold.valThreshold),
        val_mean: val.mean,
        val_std_ddof0: val.deviation,
        far_mean: far.mean,
        roc_auc: rocAuc(pairs),
        average_precision: averagePrecision(pairs),
        eer: equalErrorRate(pairs),
        best_accuracy_all_pairs: bestAccuracy(pairs).accuracy,
      };
      if (!Object.keys(expected).every((key) => key in got)) return "skip";
      return compare(got, expected, (a, b) => close(a, b, json.tolerance));
    },
  },
];
