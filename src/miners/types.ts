import type { z } from "zod";
import type { Tensor } from "../graph/index.js";

/**
 * Rows with labels, in one batch. Anchors are the rows; references are what they are compared with: the same rows, or these with a
 * memory of earlier ones behind them. Labels themselves stay on the host: they become relations, so that several labels an item, strings
 * and 64-bit integers are all alike.
 */
export interface LabelledBatch {
  /** [rows, dimension] */
  readonly embeddings: Tensor;
  /** [columns, dimension]; the first `rows` are the embeddings. */
  readonly references: Tensor;
  /** bool [rows, columns]: shares a label with the anchor and is not the anchor itself. */
  readonly positive: Tensor;
  /** bool [rows, columns]: shares no label with the anchor. Never true where `positive` is. */
  readonly negative: Tensor;
  /** Every ordered positive pair: int32 [pairs] of rows and of columns. `valid` is false on the one that stands in where there is none. */
  readonly pairs: { readonly anchor: Tensor; readonly positive: Tensor; readonly valid: Tensor };
  /** int32 [rows]: each row's class, for losses with parameters of classes. Absent where items have several labels. */
  readonly classes?: Tensor;
  /** What a miner chose of the batch; absent: everything. */
  readonly selection?: Selection;
}

/** What a miner chose. Empty means empty: a loss of nothing is 0 with gradient 0. */
export type Selection = PairSelection | TripletSelection;

export interface PairSelection {
  readonly kind: "pairs";
  /** bool [rows, columns] */
  readonly positive: Tensor;
  readonly negative: Tensor;
}

/** Anchors with one positive and any number of negatives each. */
export interface TripletSelection {
  readonly kind: "triplets";
  /** int32 [tuples]: rows. */
  readonly anchor: Tensor;
  /** int32 [tuples]: columns. */
  readonly positive: Tensor;
  /** bool [tuples, columns]: a row without any is a tuple left out. */
  readonly negatives: Tensor;
}

/** Selection inside a batch, as an expression: it is made anew in every step from the vectors as they are. */
export interface Miner {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether it draws: `noise` is then fed, uniform in (0, 1), [rows, columns], a function of seed and step. */
  readonly random: boolean;
  select(batch: LabelledBatch, noise?: Tensor): Selection;
}

export interface MinerDefinition<N extends string, S extends z.ZodObject> {
  readonly name: N;
  /** Options with their defaults; what is not understood is refused. */
  readonly options: S;
  /** Whether it draws; absent: never. */
  readonly random?: boolean | ((options: z.output<S>) => boolean);
  readonly select: (batch: LabelledBatch, options: z.output<S>, noise?: Tensor) => Selection;
}
