import type { Label } from "../../base/types.js";

/** What batches are made of. The first label is the class; further ones decide only what is a positive of what, once the batch is made. */
export interface ClassItem {
  readonly id: string;
  readonly labels: readonly Label[];
}

/** One order of many: batches are a function of items, options, seed and epoch alone, so to resume at batch n they are made again. */
export interface Draw {
  readonly seed: number;
  /** Counted from 0. */
  readonly epoch: number;
}

/** The batches of one epoch, and the items that no batch took: different ones in each epoch. */
export interface LabelledEpoch<I, Row = I> {
  readonly batches: readonly (readonly Row[])[];
  readonly leftOut: readonly I[];
}

/** How much of a class goes into a batch together. */
export interface ClassShare {
  /** Different classes a batch, P. */
  readonly classes: number;
  /** Items of each, K. */
  readonly itemsPerClass: number;
}
