import type { Feeds, Program, ProgramSpec, StepRequest, StepResult } from "../engine/types.js";
import type { Loss } from "../losses/types.js";
import type { Encoder, ForwardOptions } from "../nn/encoder.js";
import { type BatchLayout, collateBatch } from "./batch.js";
import type { Learner } from "./learner.js";
import { trainingSpec } from "./program.js";

/** Length groups of what is encoded at once: more save padding, but each has its own nodes in the graph. */
export const LENGTH_GROUPS = 10;

export interface StepperParts<Item> {
  readonly learner: Learner;
  readonly encoder: Encoder<Item>;
  readonly items: { query(id: string): Item; document(id: string): Item };
  /** What items are padded by; null where nothing is. */
  readonly lengthOf: ((item: Item) => number) | null;
  readonly loss: Loss<"pairs">;
  readonly dropout: number;
}

/** How one update is made of the batches whose mean gradient it takes. */
export interface Stepper<Batch> {
  /** Makes the feeds; what is returned runs them. */
  prepare(batches: readonly Batch[]): (settings: StepSettings) => Promise<StepResult>;
}

/** What an update needs besides its batches. */
export type StepSettings = Pick<StepRequest, "learningRate" | "maxNorm" | "dropout">;

/** A batch as the inputs of one program, which is compiled once a key. */
export interface CollatedBatch {
  readonly key: string;
  readonly groups: number;
  readonly feeds: Feeds;
}

/** One graph from items to loss: how to feed it, and how to write it. */
export interface WholeStep<Batch> {
  collate(batch: Batch, wantedGroups: number): CollatedBatch;
  spec(options: ForwardOptions): ProgramSpec;
}

/** Each batch goes through one graph as a whole. */
export function wholeBatches<Batch>(learner: Learner, dropout: number, step: WholeStep<Batch>): Stepper<Batch> {
  const { engine, weights, optimiser } = learner;
  const program = compiledOnce((options) => engine.compile(step.spec(options)), dropout);
  return {
    prepare(batches) {
      const collated = withEqualGroups((most) => batches.map((batch) => step.collate(batch, most)));
      const microBatches = collated.map(({ feeds }) => feeds);
      return async (settings) =>
        engine.step({ program: await program(collated[0]), weights, optimiser, microBatches, ...settings });
    },
  };
}

/** Pairs through one graph, whatever their items are. */
export function pairStep<Item>(
  { lossParameters }: Learner,
  encoder: Encoder<Item>,
  loss: Loss<"pairs">,
  items: { query(id: string): Item; document(id: string): Item },
): WholeStep<BatchLayout> {
  return {
    spec: (options) => trainingSpec(encoder, loss, options, lossParameters),
    collate: (layout, wantedGroups) => collateBatch(layout, encoder, items.query, items.document, wantedGroups),
  };
}

/** One program serves all that is collated, so all have the same number of length groups. */
export function withEqualGroups<T extends { readonly groups: number }>(
  collate: (wantedGroups: number) => readonly T[],
): readonly [T, ...T[]] {
  const first = collate(LENGTH_GROUPS);
  const groups = Math.min(...first.map((collated) => collated.groups));
  const equal = first.every((one) => one.groups === groups) ? first : collate(groups);
  return equal as readonly [T, ...T[]];
}

/** Compiles what is asked for once a key of the collated batch. */
export function compiledOnce<T = Program>(
  compile: (options: ForwardOptions) => Promise<T>,
  dropout: number,
): (collated: { readonly key: string; readonly groups: number }) => Promise<T> {
  const compiled = new Map<string, Promise<T>>();
  return ({ key, groups }) => {
    const one = compiled.get(key) ?? compile({ groups, dropout, attentionDropout: dropout });
    compiled.set(key, one);
    return one;
  };
}
