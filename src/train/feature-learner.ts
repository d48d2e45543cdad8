import { inputError } from "../base/errors.js";
import type { Similarity } from "../base/types.js";
import {
  type FeatureContent,
  type FloatTensor,
  featuresOf,
  freshMlp,
  loadMlp,
  type MlpDescription,
  readMlpFolder,
  writeMlpFolder,
} from "../checkpoint/index.js";
import { forwardOf, type Vectors } from "../encode/encode.js";
import type { Engine } from "../engine/types.js";
import type { Loss } from "../losses/types.js";
import { type FeatureEncoder, mlpEncoder } from "../nn/mlp.js";
import type { TrainConfig } from "./config.js";
import { createLearner, type Learner } from "./learner.js";
import { type FeatureStart, fingerprintOf, freshNetwork } from "./start.js";

/** A network on rows of numbers that is being trained. */
export interface FeatureLearner extends Learner {
  readonly start: FeatureStart;
  readonly encoder: FeatureEncoder;
  readonly similarity: Similarity;
  /** Vectors with the weights as they stand, in the order of the rows. */
  vectors(rows: readonly Float32Array[]): Promise<Vectors>;
  /** Vectors with the starting weights. */
  untrained(rows: readonly Float32Array[]): Promise<Vectors>;
}

export interface FeatureLearnerOptions {
  readonly engine: Engine;
  readonly config: TrainConfig;
  /** What the rows are. */
  readonly content: FeatureContent;
  readonly loss: Pick<Loss, "parameters">;
  /** Classes of the training split; 0 where there are none. */
  readonly classes: number;
}

/** Makes or reads the network and puts it on the engine. Throws `wrong-model` where it was made for other rows. */
export async function featureLearner(options: FeatureLearnerOptions): Promise<FeatureLearner> {
  const { engine, config, content, loss, classes } = options;
  const { description, tensors, start } = await startingNetwork(config, content);
  if (JSON.stringify(description.content) !== JSON.stringify(content))
    throw inputError("wrong-model", "the network was made for items of another size", {
      file: config.model,
      found: JSON.stringify(description.content),
      expected: JSON.stringify(content),
    });
  const encoder = mlpEncoder(description.config);
  const lossParameters = loss.parameters({ dimension: encoder.dimension, classes });
  const learner = await createLearner({ engine, encoder, tensors, lossParameters, config });
  const forward = forwardOf(engine, encoder, null);
  return {
    ...learner,
    start,
    similarity: description.similarity,
    encoder,
    vectors: (rows) => forward.encode(learner.weights, rows),
    async untrained(rows) {
      const weights = await engine.load(tensors);
      const vectors = await forward.encode(weights, rows);
      await engine.release(weights);
      return vectors;
    },
    async save(folder, manifest) {
      await writeMlpFolder(folder, { model: description, tensors: await learner.tensors(), manifest });
      return (await readMlpFolder(folder)).fingerprint;
    },
    async release() {
      await forward.release();
      await learner.release();
    },
  };
}

async function startingNetwork(
  config: TrainConfig,
  content: FeatureContent,
): Promise<{
  readonly description: MlpDescription;
  readonly tensors: ReadonlyMap<string, FloatTensor>;
  readonly start: FeatureStart;
}> {
  const model = freshNetwork(config.model);
  if (model === undefined) {
    const folder = await readMlpFolder(config.model);
    const start = { kind: "folder", path: config.model, fingerprint: folder.fingerprint } as const;
    return { description: folder, tensors: loadMlp(folder), start };
  }
  const fresh = freshMlp(content, layersOf(model, config, content), config.seed);
  const start = { kind: "fresh", model, seed: config.seed, fingerprint: fingerprintOf(fresh.tensors) } as const;
  return { ...fresh, start };
}

function layersOf(model: "mlp" | "linear" | "residual", config: TrainConfig, content: FeatureContent) {
  if (model === "mlp") return { layers: [...config.hidden, config.dimension] };
  if (model === "linear" && config.hidden.length > 0)
    throw inputError("bad-config", "a linear map has no hidden layers", {
      field: "hidden",
      found: config.hidden.join(","),
      expected: "none, or the model residual",
    });
  return { layers: [...config.hidden, featuresOf(content)], residual: true } as const;
}
