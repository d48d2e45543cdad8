import type { z } from "zod";
import type { Tensor } from "../graph/index.js";
import type { LabelledBatch } from "../miners/types.js";

/**
 * Pairs in one batch. Column i of the documents is the positive of row i; further columns are hard negatives.
 * Known positives are masked by id before a loss sees them: `negatives` says which columns push row i away.
 */
export interface PairBatch {
  /** [rows, dimension] */
  readonly queries: Tensor;
  /** [columns, dimension], columns ≥ rows */
  readonly documents: Tensor;
  /** bool [rows, columns]: true where the document is a negative of the row. Never true on a row's own positive. */
  readonly negatives: Tensor;
  /** bool [rows, columns]: further positives of the row among the columns, beside its own; absent: none are known. */
  readonly alsoPositive?: Tensor;
  /** bool [rows, columns]: hard negatives that were drawn for the row itself; absent: none were. */
  readonly own?: Tensor;
  /** A memory of earlier documents, constants to the gradients: vectors [entries, dimension], negatives bool [rows, entries]. */
  readonly queue?: { readonly vectors: Tensor; readonly negatives: Tensor };
  /**
   * Random choices for synthetic negatives: `pairs` [rows, s, 3] holds two ranks in the row's list of hardest queue entries and the share of
   * the first, `withQuery` [rows, t, 2] a rank and the share of the query.
   */
  readonly mixing?: { readonly pairs: Tensor; readonly withQuery: Tensor };
  /** Another model's vectors of the same queries [rows, other dimension] and documents [columns, other dimension]. */
  readonly guide?: { readonly queries: Tensor; readonly documents: Tensor };
  /** A teacher's scores, [rows, columns]; read only where the loss looks. */
  readonly teacher?: Tensor;
  /** The same queries and documents as earlier layers of the encoder would have them, the deepest last. */
  readonly layers?: readonly { readonly queries: Tensor; readonly documents: Tensor }[];
  /** Probability of each column of being in the batch, [columns], in (0, 1]. */
  readonly samplingProbabilities?: Tensor;
}

/** Two vectors a row, and what was said of them: a similarity, or a class (1 alike, 0 or −1 not). */
export interface ScoredBatch {
  /** [rows, dimension] */
  readonly first: Tensor;
  readonly second: Tensor;
  /** [rows] */
  readonly labels: Tensor;
}

/** What a cross-encoder gives pairs of texts, and what was said of them. */
export interface PointsBatch {
  /** [rows, labels] */
  readonly logits: Tensor;
  /** [rows]: a score, or the number of a class. */
  readonly labels: Tensor;
}

/** Scores of lists, whatever made them: a cross-encoder, a dot product, minus a distance. */
export interface LogitsBatch {
  /** [rows, columns]; higher is more relevant. */
  readonly scores: Tensor;
  /** bool [rows, columns]. A column may be neither. */
  readonly positive: Tensor;
  readonly negative: Tensor;
  /** A teacher's scores, [rows, columns]. */
  readonly teacher?: Tensor;
  /** A weight a row, [rows]; absent: all alike. */
  readonly weights?: Tensor;
}

/** Vectors as such, for regularisers: every column of a batch, [rows, dimension] each. */
export interface VectorsBatch {
  readonly columns: readonly Tensor[];
}

/** Tokens to be predicted, all sequences laid end to end. */
export interface TokensBatch {
  /** [tokens, vocabulary] */
  readonly logits: Tensor;
  /** int32 [tokens] */
  readonly targets: Tensor;
  /** bool [tokens]: false on padding. */
  readonly counted: Tensor;
}

/** What a loss may be given. */
export interface Batches {
  readonly pairs: PairBatch;
  readonly labelled: LabelledBatch;
  readonly scored: ScoredBatch;
  readonly points: PointsBatch;
  readonly logits: LogitsBatch;
  readonly vectors: VectorsBatch;
  readonly tokens: TokensBatch;
}

export type BatchKind = keyof Batches;

/** A scalar to minimise, and numbers worth watching (scalars that cost nothing). */
export interface LossOutput {
  readonly loss: Tensor;
  readonly telemetry: Readonly<Record<string, Tensor>>;
}

/** Which columns a loss over pairs takes as negatives of a row: all of the batch, or only those drawn for the row. */
export type NegativeScope = "batch" | "own";

/** What a loss learns beside the encoder: proxies, class weights, a margin. */
export interface LossParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** A constant, or normal numbers of this standard deviation. */
  readonly initial: number | { readonly deviation: number };
}

/** What the shapes of a loss's parameters follow from. */
export interface LossSizes {
  readonly dimension: number;
  /** Classes of the training split; 0 where there are none. */
  readonly classes: number;
}

/** A loss's parameters as nodes, by name. */
export type LossParameters = (name: string) => Tensor;

/** A loss with the options that were chosen for it. `build` has a function for every kind of batch that it can be given. */
export interface Loss<K extends BatchKind = BatchKind> {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly scope: NegativeScope;
  /** Factor on the similarity (1 / temperature); 1 where the loss has none. Samplers multiply score differences by it. */
  readonly scale: number;
  /** Whether a labelled batch may have references beyond its own rows: a memory of earlier ones. */
  readonly memory: boolean;
  /** Whether it is itself only with a queue of a momentum encoder's vectors (`PairBatch.queue`). */
  readonly queue: boolean;
  parameters(sizes: LossSizes): readonly LossParameter[];
  readonly build: { readonly [B in K]: (batch: Batches[B], parameters: LossParameters) => LossOutput };
}

/** All there is to a loss. */
export interface LossDefinition<N extends string, K extends BatchKind, S extends z.ZodObject> {
  readonly name: N;
  /** Options with their defaults; what is not understood is refused. */
  readonly options: S;
  /** Only for losses over pairs; absent: `batch`. */
  readonly scope?: NegativeScope;
  /** Only for losses over labelled rows: whether references may go on beyond the rows. Absent: no. */
  readonly memory?: boolean;
  /** Only for losses over pairs: whether they need a queue. Absent: no. */
  readonly queue?: boolean;
  readonly parameters?: (sizes: LossSizes, options: z.output<S>) => readonly LossParameter[];
  readonly build: {
    readonly [B in K]: (batch: Batches[B], options: z.output<S>, parameters: LossParameters) => LossOutput;
  };
}
