import type { IndexReport } from "../search/vector-index.js";
import type { Interval } from "./bootstrap.js";

export type SystemKind = "model" | "bm25" | "tf-idf" | "untrained" | "fusion" | "run";

/** A mean over n queries with its 95 % bootstrap interval. */
export interface MeasuredMean extends Interval {
  readonly mean: number;
  readonly n: number;
}

export interface SystemResult {
  readonly name: string;
  readonly kind: SystemKind;
  readonly fingerprint: string;
  readonly measures: Readonly<Record<string, MeasuredMean>>;
}

/** System a against b by one measure: `difference` = mean(a) − mean(b) with its 95 % interval; a wins where its value is larger. */
export interface Comparison extends Interval {
  readonly a: string;
  readonly b: string;
  readonly measure: string;
  readonly difference: number;
  readonly p: number;
  /** The same, adjusted for as many tests as there are systems compared by this measure; there where they are several. */
  readonly adjusted?: { readonly holm: number; readonly benjaminiHochberg: number };
  readonly test: "randomisation";
  readonly resamples: number;
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
}

/** The `result` of `nearmiss eval`. */
export interface EvaluationResult {
  readonly data: {
    readonly fingerprint: string;
    readonly split: string;
    readonly queries: number;
    readonly documents: number;
    /** What was measured, where it is not retrieval: items by what is near them, scores of pairs, or guesses of texts' masked tokens. */
    readonly kind?: "labelled" | "scored" | "texts";
    /** Labelled items: how many share no label with another and are left out. */
    readonly lone?: number;
  };
  readonly systems: readonly SystemResult[];
  readonly comparisons: readonly Comparison[];
  /** How the vectors of each model were searched, where an index was asked for. */
  readonly indexes?: readonly IndexReport[];
}
