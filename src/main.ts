// The front door: typed functions that the commands call too.

export { NearmissError } from "./base/errors.js";
export type { Progress, ProgressReport } from "./base/progress.js";
export type {
  Candidate,
  Dataset,
  Hits,
  Interaction,
  InteractionData,
  LabelledData,
  LabelledItem,
  Negative,
  RetrievalData,
  Retriever,
  ScoredData,
  ScoredPair,
  ScoredPool,
  Similarity,
  Split,
  TextItem,
  Triple,
  TripleData,
} from "./base/types.js";
export { type CountedWarning, collectWarnings, type Warnings } from "./base/warnings.js";
export { type PullOptions, type PullResult, pull } from "./checkpoint/pull.js";
export { type ChunkOptions, type Chunks, chunkDocuments, chunkText } from "./data/chunks.js";
export { describeData } from "./data/describe.js";
export type { VectorMatrix, VectorPair } from "./data/given-vectors.js";
export { type HoldOutOptions, holdOutItems, holdOutPairs } from "./data/held-out.js";
export { type ClassKnowledge, type LabelledBatching, labelledBatches } from "./data/labelled-batches/index.js";
export { type ClassPair, distinctClassPairs } from "./data/labelled-batches/pairs.js";
export type { ClassItem, LabelledEpoch } from "./data/labelled-batches/types.js";
export { loadData, loadDataset } from "./data/load.js";
export type { PairScorer, TextPair } from "./encode/cross-encoder.js";
export type { HostedUsage } from "./encode/hosted.js";
export type { Engine, HostTensor } from "./engine/types.js";
export { type ClusteringOptions, clusterAgreement } from "./evaluate/clustering.js";
export { kendall, midRanks, pearson, spearman } from "./evaluate/correlation.js";
export {
  type LabelledMeasure,
  type LabelledResult,
  measureLabelled,
  parseLabelledMeasures,
} from "./evaluate/labelled-measures.js";
export type { ItemLabels, LabelValue } from "./evaluate/labels.js";
export type { LabelledVectors, MatchRankOptions } from "./evaluate/match-ranks.js";
export { parseMeasures } from "./evaluate/measures.js";
export { benjaminiHochberg, holm } from "./evaluate/multiple-testing.js";
export { pairedTTest, type TTest, type WilcoxonTest, wilcoxonTest } from "./evaluate/paired-tests.js";
export { type RandomisationResult, randomisationTest } from "./evaluate/randomisation.js";
export {
  averagePrecision,
  bestAccuracy,
  calibrateThreshold,
  equalErrorRate,
  type OperatingPoint,
  operatingPoints,
  rocAuc,
  type VerificationPairs,
} from "./evaluate/roc.js";
export type { Comparison, EvaluationResult, SystemResult } from "./evaluate/systems.js";
export { type FoldOptions, type Verification, type VerifiedFold, verifyByFolds } from "./evaluate/verification.js";
export { type EmbedOptions, type EmbedResult, embed } from "./front/embed.js";
export { evaluate } from "./front/evaluate.js";
export type { Baseline, Evaluated, EvaluateOptions, SystemUsage } from "./front/evaluate-options.js";
export { type ExportOptions, type ExportResult, exportModel } from "./front/export.js";
export { type LoadedModel, type LoadOptions, load } from "./front/load.js";
export { type LoadedCrossEncoder, loadCrossEncoder } from "./front/load-cross-encoder.js";
export { type MineNegativesOptions, mine, mineToFile } from "./front/mine.js";
export { type MineLabelledOptions, mineLabelledToFile } from "./front/mine-labelled.js";
export { type ScoreOptions, type ScoreResult, score, type TrecValues } from "./front/score.js";
export { openSearch, type SearchOptions, type SearchResult, search } from "./front/search.js";
export { planTraining, type TrainOptions, train } from "./front/train.js";
export { type AdaptiveLayerOptions, adaptiveLayer } from "./losses/adaptive-layer.js";
export { combine, type WeightedLoss } from "./losses/combine.js";
export { defineLoss, type LossFactory } from "./losses/define.js";
export { type ConfiguredLossName, type LossName, type LossOptions, loss } from "./losses/index.js";
export { type MatryoshkaOptions, matryoshka } from "./losses/matryoshka.js";
export { type SubCentreOutliers, type SubCentres, subCentreOutliers } from "./losses/sub-centre-outliers.js";
export type { Batches, Loss, LossOutput } from "./losses/types.js";
export { allenaiWindow, type MacroBatch, type WindowOptions, type WindowSelection } from "./miners/allenai-window.js";
export {
  type CollapseAlarm,
  type CollapseRule,
  findCollapse,
  type WatchedStep,
  watchCollapse,
} from "./miners/collapse.js";
export { defineMiner, type MinerFactory } from "./miners/define.js";
export { type MinerName, type MinerOptions, miner } from "./miners/index.js";
export { type ClassVectors, type HardClasses, type HardClassOptions, hardClasses } from "./miners/n-pair-hard-class.js";
export { spread, type TripletTelemetry, tripletTelemetry } from "./miners/telemetry.js";
export type { LabelledBatch, Miner, Selection } from "./miners/types.js";
export type { Drawn } from "./negatives/drawing.js";
export type { Filter } from "./negatives/filter.js";
export { absolute } from "./negatives/filters/abs.js";
export { marginPositive } from "./negatives/filters/margin-pos.js";
export { percPositive } from "./negatives/filters/perc-pos.js";
export { rankWindow } from "./negatives/filters/rank-window.js";
export { type LabelledMiningOptions, type MinedAnchor, type MinedTriplet, mineLabelled } from "./negatives/labelled.js";
export type { SamplerName } from "./negatives/parse-sampler.js";
export type { Sampler } from "./negatives/sampler.js";
export { random } from "./negatives/samplers/random.js";
export { shiftedTopK } from "./negatives/samplers/shifted-top-k.js";
export { simans } from "./negatives/samplers/simans.js";
export { topK } from "./negatives/samplers/top-k.js";
export { bm25 } from "./search/bm25.js";
export { type FoldBy, fold, foldedRetriever } from "./search/fold.js";
export { type Reranker, type RerankOptions, rerank } from "./search/rerank.js";
export { tfIdf } from "./search/tf-idf.js";
export type { TrainConfig } from "./train/config.js";
export type { DryRun, DryRunTiming } from "./train/dry-run.js";
export type { TrainResult } from "./train/train.js";
