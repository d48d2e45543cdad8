import { angularMiner } from "./angular.js";
import { batchEasyHard } from "./batch-easy-hard.js";
import { batchHard } from "./batch-hard.js";
import { distanceWeighted } from "./distance-weighted.js";
import { facenetSemiHard } from "./facenet-semi-hard.js";
import { hdc } from "./hdc.js";
import { multiSimilarityMiner } from "./multi-similarity.js";
import { pairMargin } from "./pair-margin.js";
import { tripletMarginMiner } from "./triplet-margin.js";
import { uniformHistogram } from "./uniform-histogram.js";

/** Every miner of labelled batches. A new one is its file and a line here. */
export const miners = [
  angularMiner,
  batchEasyHard,
  batchHard,
  distanceWeighted,
  facenetSemiHard,
  hdc,
  multiSimilarityMiner,
  pairMargin,
  tripletMarginMiner,
  uniformHistogram,
] as const;
