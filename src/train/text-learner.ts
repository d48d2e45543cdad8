import type { Warnings } from "../base/warnings.js";
import { encoderOf, type ModelDescription, readModelFolder, writeModelFolder } from "../checkpoint/index.js";
import { createForward } from "../encode/encode.js";
import { type Model, openTensors, type Role, sequencer } from "../encode/model.js";
import type { Engine } from "../engine/types.js";
import type { Loss } from "../losses/types.js";
import type { Sequence, TextEncoder } from "../nn/encoder.js";
import type { TextVectors } from "../search/dense.js";
import type { TrainConfig } from "./config.js";
import { createLearner, type Learner } from "./learner.js";
import { startingModel } from "./start.js";

/** A text encoder that is being trained. */
export interface TextLearner extends Learner {
  readonly description: ModelDescription;
  readonly encoder: TextEncoder;
  /** Token ids of a text with the prompt of its role. */
  sequence(text: string, as: Role): Sequence;
  /** The model with the weights as they stand. */
  readonly current: TextVectors;
  /** The starting weights, on the same engine. */
  untrained(): Promise<Model>;
}

export interface TextLearnerOptions {
  readonly engine: Engine;
  readonly config: TrainConfig;
  readonly warnings: Warnings;
  readonly loss: Pick<Loss, "parameters">;
  /** Classes of the training split; 0 where there are none. */
  readonly classes: number;
  /** What a vocabulary from nothing is learnt from. */
  readonly texts: () => Iterable<string>;
}

/** Reads or makes the model and puts it on the engine. */
export async function textLearner(options: TextLearnerOptions): Promise<TextLearner> {
  const { engine, config, warnings, loss, classes } = options;
  const start = await startingModel(config, options.texts, warnings);
  const encoder = encoderOf(start.description);
  const sequence = sequencer(start.description, warnings);
  const lossParameters = loss.parameters({ dimension: encoder.dimension, classes });
  const learner = await createLearner({ engine, encoder, tensors: start.tensors, lossParameters, config });
  const forward = createForward(engine, encoder);
  return {
    ...learner,
    start: start.record,
    description: start.description,
    encoder,
    sequence,
    current: {
      fingerprint: "in-training",
      similarity: start.description.similarity,
      engine,
      encode: (texts, { as, progress }) =>
        forward.encode(
          learner.weights,
          texts.map((text) => sequence(text, as)),
          progress,
        ),
    },
    untrained: () =>
      openTensors({
        engine,
        description: start.description,
        tensors: start.tensors,
        fingerprint: start.record.fingerprint,
        warnings,
      }),
    async save(folder, manifest) {
      await writeModelFolder(folder, { model: start.description, tensors: await learner.tensors(), manifest });
      return (await readModelFolder(folder, warnings)).fingerprint;
    },
    async release() {
      await forward.release();
      await learner.release();
    },
  };
}
