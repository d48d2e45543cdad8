import { alignment } from "./alignment.js";
import { angular } from "./angular.js";
import { ar2Retriever } from "./ar2-retriever.js";
import { arcface, subCentreArcface } from "./arcface.js";
import { batchAllTriplet } from "./batch-all-triplet.js";
import { batchHardSoftMarginTriplet, batchHardTriplet } from "./batch-hard-triplet.js";
import { batchSemiHardTriplet } from "./batch-semi-hard-triplet.js";
import { bceWithLogits } from "./bce-with-logits.js";
import { bpr } from "./bpr.js";
import { circle } from "./circle.js";
import { contrastiveHadsell, contrastiveLinear } from "./contrastive.js";
import { contrastiveTension, contrastiveTensionInBatch } from "./contrastive-tension.js";
import { angle, cosent } from "./cosent.js";
import { cosface, normalizedSoftmax } from "./cosface.js";
import { cosineEmbedding } from "./cosine-embedding.js";
import { cosineSimilarityMse } from "./cosine-similarity-mse.js";
import { crossEntropy } from "./cross-entropy.js";
import { distillKl } from "./distill-kl.js";
import { embeddingDistillation } from "./embedding-distillation.js";
import { fastap } from "./fastap.js";
import { gist } from "./gist.js";
import { gor } from "./gor.js";
import { histogram } from "./histogram.js";
import { intraPairVariance } from "./intra-pair-variance.js";
import { generalizedLiftedStructure, liftedStructure } from "./lifted-structure.js";
import { ar2Ranker, multiPositiveListwise } from "./listwise.js";
import { lpRegulariser } from "./lp-regulariser.js";
import { margin } from "./margin.js";
import { marginMse } from "./margin-mse.js";
import { marginRanking } from "./margin-ranking.js";
import { matryoshkaMnrl } from "./matryoshka.js";
import { meanSquaredError } from "./mean-squared-error.js";
import { megaBatchMargin } from "./mega-batch-margin.js";
import { mlm } from "./mlm.js";
import { mochi } from "./mochi.js";
import { moco } from "./moco.js";
import { multiSimilarity } from "./multi-similarity.js";
import { gteJoint, infoNce, mnrl, mnrlHardNegatives, mnrlMasked, mnrlSymmetric } from "./multiple-negatives.js";
import { nPairMc } from "./n-pair-mc.js";
import { nPlus1Tuplet } from "./n-plus-1-tuplet.js";
import { nca } from "./nca.js";
import { ntXent } from "./nt-xent.js";
import { onlineContrastive } from "./online-contrastive.js";
import { p2sGrad } from "./p2s-grad.js";
import { proxyAnchor } from "./proxy-anchor.js";
import { proxyNca } from "./proxy-nca.js";
import { rankedList } from "./ranked-list.js";
import { sampledSoftmaxLogq, softmaxCrossEntropy } from "./sampled-softmax.js";
import { selfAdversarial } from "./self-adversarial.js";
import { signalToNoiseContrastive } from "./signal-to-noise-contrastive.js";
import { esimcse, simcse } from "./simcse.js";
import { smoothAp } from "./smooth-ap.js";
import { softTriple } from "./soft-triple.js";
import { largeMarginSoftmax, sphereface } from "./sphereface.js";
import { supcon } from "./supcon.js";
import { thresholdConsistentMargin } from "./threshold-consistent-margin.js";
import { cosineHinge, tripletMargin, tripletSmooth, tripletSoftMargin } from "./triplet-margin.js";
import { tsdae } from "./tsdae.js";
import { tupletMargin } from "./tuplet-margin.js";
import { uniformity } from "./uniformity.js";
import { vicreg } from "./vicreg.js";

/** Every loss. A new one is its file and a line here. */
export const losses = [
  alignment,
  angle,
  angular,
  ar2Ranker,
  ar2Retriever,
  arcface,
  batchAllTriplet,
  batchHardSoftMarginTriplet,
  batchHardTriplet,
  batchSemiHardTriplet,
  bceWithLogits,
  bpr,
  circle,
  contrastiveHadsell,
  contrastiveLinear,
  contrastiveTension,
  contrastiveTensionInBatch,
  cosent,
  cosface,
  cosineEmbedding,
  cosineHinge,
  cosineSimilarityMse,
  crossEntropy,
  distillKl,
  embeddingDistillation,
  esimcse,
  fastap,
  generalizedLiftedStructure,
  gist,
  gor,
  gteJoint,
  histogram,
  infoNce,
  intraPairVariance,
  largeMarginSoftmax,
  liftedStructure,
  lpRegulariser,
  margin,
  marginMse,
  marginRanking,
  matryoshkaMnrl,
  meanSquaredError,
  megaBatchMargin,
  mlm,
  mnrl,
  mnrlHardNegatives,
  mnrlMasked,
  mnrlSymmetric,
  mochi,
  moco,
  multiPositiveListwise,
  multiSimilarity,
  nca,
  normalizedSoftmax,
  nPairMc,
  nPlus1Tuplet,
  ntXent,
  onlineContrastive,
  p2sGrad,
  proxyAnchor,
  proxyNca,
  rankedList,
  sampledSoftmaxLogq,
  selfAdversarial,
  signalToNoiseContrastive,
  simcse,
  smoothAp,
  softmaxCrossEntropy,
  softTriple,
  sphereface,
  subCentreArcface,
  supcon,
  thresholdConsistentMargin,
  tripletMargin,
  tripletSmooth,
  tripletSoftMargin,
  tsdae,
  tupletMargin,
  uniformity,
  vicreg,
] as const;
