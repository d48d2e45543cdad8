import type { Progress } from "../base/progress.js";
import type { Warnings } from "../base/warnings.js";
import {
  type CrossEncoderDescription,
  pairEncoderOf,
  readCrossEncoder,
  writeCrossEncoder,
} from "../checkpoint/index.js";
import { type PairScorer, pairClassifier, pairScorer, pairSequencer, type TextPair } from "../encode/cross-encoder.js";
import type { Vectors } from "../encode/encode.js";
import type { Engine } from "../engine/types.js";
import type { Loss } from "../losses/types.js";
import type { Sequence, TextEncoder } from "../nn/encoder.js";
import type { TrainConfig } from "./config.js";
import { startingCrossEncoder } from "./cross-encoder-start.js";
import { createLearner, type Learner } from "./learner.js";

/** A cross-encoder that is being trained. */
export interface CrossEncoderLearner extends Learner {
  readonly description: CrossEncoderDescription;
  /** Its `forward` gives logits [pairs, labels]. */
  readonly encoder: TextEncoder;
  sequence(pair: TextPair): Sequence;
  /** Scores [pairs, labels] with the weights as they stand. */
  classify(pairs: readonly Sequence[], progress?: Progress): Promise<Vectors>;
  /** The starting weights, on the same engine. */
  untrained(): Promise<PairScorer>;
}

export interface CrossEncoderLearnerOptions {
  readonly engine: Engine;
  readonly config: TrainConfig;
  readonly warnings: Warnings;
  readonly loss: Pick<Loss, "parameters">;
  readonly labels: number;
  /** What a vocabulary from nothing is learnt from. */
  readonly texts: () => Iterable<string>;
}

/** Reads or makes the cross-encoder and puts it on the engine. */
export async function crossEncoderLearner(options: CrossEncoderLearnerOptions): Promise<CrossEncoderLearner> {
  const { engine, config, warnings, loss, labels } = options;
  const start = await startingCrossEncoder(config, labels, options.texts, warnings);
  const { description, tensors, record } = start;
  const encoder = pairEncoderOf(description);
  const sequence = pairSequencer(description, warnings);
  const lossParameters = loss.parameters({ dimension: labels, classes: labels });
  const learner = await createLearner({ engine, encoder, tensors, lossParameters, config });
  const classifier = pairClassifier(engine, description, encoder);
  return {
    ...learner,
    start: record,
    description,
    encoder,
    sequence,
    classify: (pairs, progress) => classifier.classify(learner.weights, pairs, progress),
    untrained: () => pairScorer({ engine, description, tensors, fingerprint: record.fingerprint, warnings }),
    async save(folder, manifest) {
      await writeCrossEncoder(folder, { model: description, tensors: await learner.tensors(), manifest });
      return (await readCrossEncoder(folder, warnings)).fingerprint;
    },
    async release() {
      await classifier.release();
      await learner.release();
    },
  };
}
