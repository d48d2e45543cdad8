import { angular } from "./angular.js";
import { arcface, subCentreArcface } from "./arcface.js";
import { batchAllTriplet } from "./batch-all-triplet.js";
import { batchHardSoftMarginTriplet, batchHardTriplet } from "./batch-hard-triplet.js";
import { batchSemiHardTriplet } from "./batch-semi-hard-triplet.js";
import { circle } from "./circle.js";
import { cosface, normalizedSoftmax } from "./cosface.js";
import { fastap } from "./fastap.js";
import { histogram } from "./histogram.js";
import { intraPairVariance } from "./intra-pair-variance.js";
import { generalizedLiftedStructure, liftedStructure } from "./lifted-structure.js";
import { margin } from "./margin.js";
import { multiSimilarity } from "./multi-similarity.js";
import { infoNce, mnrl, mnrlHardNegatives, mnrlMasked, mnrlSymmetric } from "./multiple-negatives.js";
import { nca } from "./nca.js";
import { p2sGrad } from "./p2s-grad.js";
import { proxyAnchor } from "./proxy-anchor.js";
import { proxyNca } from "./proxy-nca.js";
import { rankedList } from "./ranked-list.js";
import { signalToNoiseContrastive } from "./signal-to-noise-contrastive.js";
import { smoothAp } from "./smooth-ap.js";
import { softTriple } from "./soft-triple.js";
import { largeMarginSoftmax, sphereface } from "./sphereface.js";
import { supcon } from "./supcon.js";
import { thresholdConsistentMargin } from "./threshold-consistent-margin.js";
import { tripletMargin } from "./triplet-margin.js";
import { tupletMargin } from "./tuplet-margin.js";

/** Every loss. A new one is its file and a line here. */
export const losses = [
  angular,
  arcface,
  batchAllTriplet,
  batchHardSoftMarginTriplet,
  batchHardTriplet,
  batchSemiHardTriplet,
  circle,
  cosface,
  fastap,
  generalizedLiftedStructure,
  histogram,
  infoNce,
  intraPairVariance,
  largeMarginSoftmax,
  liftedStructure,
  margin,
  mnrl,
  mnrlHardNegatives,
  mnrlMasked,
  mnrlSymmetric,
  multiSimilarity,
  nca,
  normalizedSoftmax,
  p2sGrad,
  proxyAnchor,
  proxyNca,
  rankedList,
  signalToNoiseContrastive,
  smoothAp,
  softTriple,
  sphereface,
  subCentreArcface,
  supcon,
  thresholdConsistentMargin,
  tripletMargin,
  tupletMargin,
] as const;
