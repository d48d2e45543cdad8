import type { LabelledData, RetrievalData, ScoredData } from "../base/types.js";

/** What can be trained on. */
export type TrainingData = RetrievalData | LabelledData | ScoredData;

/** The split that is trained on. */
export const TRAIN_SPLIT = "train";
