import type { Progress } from "../base/progress.js";
import type { Warnings } from "../base/warnings.js";
import type { Engine, StepResult } from "../engine/types.js";
import type { EvaluationResult } from "../evaluate/systems.js";
import type { TrainConfig } from "./config.js";
import type { Sequenced } from "./endless.js";
import type { Learner } from "./learner.js";
import type { Memory } from "./memory.js";
import type { StepSettings } from "./stepper.js";

export interface TaskOptions<Data> {
  readonly config: TrainConfig;
  readonly data: Data;
  readonly engine: Engine;
  readonly warnings: Warnings;
  readonly progress: Progress;
}

/**
 * Training on one kind of data with one kind of batch: all that the loop must not know. `Drawn` is what a round of negatives brings
 * into force.
 */
export interface Task<Drawn = unknown> {
  readonly learner: Learner;
  /** Batches, epoch after epoch. */
  readonly batches: Pick<Sequenced<unknown>, "perEpoch" | "at">;
  /** Whether rounds of negatives are built while training goes on. */
  readonly mined: boolean;
  /** Whether one round serves the whole run, since no weights change what it is built from. */
  readonly poolStays?: boolean;
  /** How many evaluations on the development split the final one takes as long as; absent: see `estimate`. */
  readonly finalEvaluations?: number;
  /** What a checkpoint holds besides weights and optimiser. */
  readonly memory?: Pick<Memory, "save" | "restore">;
  /** The loss where all vectors are equal; absent where such a value says nothing. A collapse is told by it. */
  lossWhenEqual?(): Promise<number>;
  /** Makes the feeds of the batches `first` … `first + count − 1`, those of one update: a function of its arguments alone. */
  prepare(first: number, count: number, drawn: Drawn | null): Promise<PreparedStep>;
  /** Measures on the development split, with the weights as they stand. */
  evaluateDev(): Promise<Readonly<Record<string, number>>>;
  openRound(request: RoundRequest): Promise<Round<Drawn>>;
  /** The weights as they stand beside what they are to be compared with, on the test split where there is one, else on the dev split. */
  evaluateFinally(): Promise<FinalEvaluation>;
}

/** An update that is ready to run. */
export interface PreparedStep {
  readonly epoch: number;
  /** What its report counts, such as the documents it encodes. */
  readonly counts: StepCounts;
  readonly run: (settings: StepSettings) => Promise<StepResult>;
}

export interface StepCounts {
  /** Documents encoded: positives and distinct negatives. Pairs alone. */
  readonly documents?: number;
  /** Rows that went through the encoder. Labelled items and scored pairs alone. */
  readonly encoded?: number;
}

/** A round to build, or to read where its file is there. */
export interface RoundRequest {
  /** Null: it is kept in memory alone. */
  readonly file: string | null;
  readonly round: number;
  /** The updates `step` … `last` use it, which take rows of the epochs `epochs`. */
  readonly step: number;
  readonly last: number;
  readonly epochs: RoundEpochs;
  /** Whether the weights are those of `step`, so that it may be built from them. */
  readonly mayBuild: boolean;
}

/** Epochs that a round covers: a query is visited once in each. */
export interface RoundEpochs {
  readonly first: number;
  readonly last: number;
}

/** The negatives of one round of training. */
export interface Round<Drawn> {
  readonly drawn: Drawn;
  readonly queries: number;
  readonly count: number;
  /** Candidates that each filter rejected. */
  readonly rejected: Readonly<Record<string, number>>;
}

export interface FinalEvaluation {
  readonly result: EvaluationResult;
  /** What the report shows beside it; stands in `evaluation.json`. */
  readonly details: Readonly<Record<string, unknown>>;
}
