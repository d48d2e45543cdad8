import type { Engine, Optimiser, Program, StepRequest, StepResult, Weights } from "../engine/types.js";
import type { Loss } from "../losses/types.js";
import type { ForwardOptions, TextEncoder } from "../nn/encoder.js";
import { type BatchLayout, collateBatch } from "./batch.js";
import { trainingSpec } from "./program.js";
import type { TokenSource } from "./token-source.js";

/** Length groups of what is encoded at once: more save padding, but each has its own nodes in the graph. */
export const LENGTH_GROUPS = 10;

export interface StepperParts {
  readonly engine: Engine;
  readonly encoder: TextEncoder;
  readonly weights: Weights;
  readonly optimiser: Optimiser;
  readonly tokens: TokenSource;
  readonly loss: Loss<"pairs">;
  readonly dropout: number;
}

/** How one update is made of the batches whose mean gradient it takes. */
export interface Stepper {
  /** Makes the feeds; what is returned runs them. */
  prepare(batches: readonly BatchLayout[]): (settings: StepSettings) => Promise<StepResult>;
}

/** What an update needs besides its batches. */
export type StepSettings = Pick<StepRequest, "learningRate" | "maxNorm" | "dropout">;

/** Each batch goes through one graph as a whole. */
export function wholeBatches(parts: StepperParts): Stepper {
  const { engine, encoder, weights, optimiser, tokens, loss } = parts;
  const program = compiledOnce((options) => engine.compile(trainingSpec(encoder, loss, options)), parts.dropout);
  return {
    prepare(batches) {
      const collated = withEqualGroups((most) =>
        batches.map((layout) => collateBatch(layout, encoder, tokens.query, tokens.document, most)),
      );
      const microBatches = collated.map(({ feeds }) => feeds);
      return async (settings) =>
        engine.step({ program: await program(collated[0]), weights, optimiser, microBatches, ...settings });
    },
  };
}

/** One program serves all that is collated, so all have the same number of length groups. */
export function withEqualGroups<T extends { readonly groups: number }>(
  collate: (mostGroups: number) => readonly T[],
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
