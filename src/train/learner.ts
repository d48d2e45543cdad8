import { workError } from "../base/errors.js";
import { toFloat32 } from "../base/float16.js";
import { rng } from "../base/rng.js";
import { readSafetensors } from "../base/safetensors.js";
import type { FloatTensor, JsonObject } from "../checkpoint/index.js";
import { noInt8, withPrecision } from "../engine/int8.js";
import type { Engine, HostTensor, Optimiser, OptimiserOptions, Weights } from "../engine/types.js";
import { parameter } from "../graph/index.js";
import type { LossParameter, LossParameters } from "../losses/types.js";
import type { Encoder } from "../nn/encoder.js";
import type { TrainConfig } from "./config.js";
import type { CrossEncoderStart } from "./cross-encoder-start.js";
import type { FeatureStart, StartRecord } from "./start.js";

/** A loss's parameters stand beside the encoder's under this prefix. */
export const LOSS_PREFIX = "loss.";

/** What is being trained, on its engine: the encoder's parameters and those of the loss, one set of weights with one optimiser. */
export interface Learner {
  /** Where the starting weights come from. */
  readonly start: StartRecord | FeatureStart | CrossEncoderStart;
  /** Compiles in the precision of training. */
  readonly engine: Engine;
  readonly encoder: Pick<Encoder<never>, "family" | "dimension" | "parameters">;
  readonly weights: Weights;
  readonly optimiser: Optimiser;
  /** The loss's parameters, as nodes. */
  readonly lossParameters: LossParameters;
  readonly lossParameterNames: readonly string[];
  /** Puts weights, and optimiser if given, back from a checkpoint's files. */
  restore(weightsFile: string, optimiserFile: string | null): Promise<void>;
  /** All tensors of the model: the trained ones as they stand, the others as they were. Those of the loss are no part of it. */
  tensors(): Promise<ReadonlyMap<string, FloatTensor>>;
  /** Writes the model as a folder that `nearmiss eval` and `embed` open; resolves to its fingerprint. */
  save(folder: string, manifest: JsonObject): Promise<string>;
  release(): Promise<void>;
}

export interface LearnerOptions {
  readonly engine: Engine;
  readonly encoder: Learner["encoder"];
  /** The model before training: at least the encoder's parameters. */
  readonly tensors: ReadonlyMap<string, FloatTensor>;
  readonly lossParameters: readonly LossParameter[];
  readonly config: TrainConfig;
}

/** Loads the starting weights and makes the optimiser. */
export async function createLearner(options: LearnerOptions): Promise<Omit<Learner, "start" | "save">> {
  const { engine, encoder, tensors, config } = options;
  if (config.precision !== "float32" && encoder.family === "static") throw noInt8(config.precision);
  const trained = new Map([...encoder.parameters.keys()].map((name) => [name, tensors.get(name) as HostTensor]));
  const shapes = new Map(options.lossParameters.map(({ name, shape }) => [name, shape]));
  for (const one of options.lossParameters) trained.set(`${LOSS_PREFIX}${one.name}`, initial(one, config.seed));
  const weights = await engine.load(trained);
  const optimiser = await engine.optimiser(weights, optimiserOptions(config, [...trained.keys()]));
  return {
    engine: withPrecision(engine, config.precision),
    encoder,
    weights,
    optimiser,
    lossParameterNames: [...shapes.keys()],
    lossParameters(name) {
      const shape = shapes.get(name);
      if (shape === undefined) throw new Error(`the loss has no parameter ${name}`);
      return parameter(`${LOSS_PREFIX}${name}`, shape);
    },
    async restore(weightsFile, optimiserFile) {
      await engine.write(weights, readTensors(weightsFile));
      if (optimiserFile !== null) await engine.loadOptimiser(optimiser, optimiserFile);
    },
    async tensors() {
      const now = await engine.read(weights);
      return new Map(
        [...tensors].map(([name, tensor]) => [name, (now.get(name) as FloatTensor | undefined) ?? tensor]),
      );
    },
    async release() {
      await engine.release(optimiser);
      await engine.release(weights);
    },
  };
}

/** The first values of a loss's parameter: a function of its name, its shape and the seed. */
function initial({ name, shape, initial }: LossParameter, seed: number): FloatTensor {
  const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
  if (typeof initial === "number") return { dtype: "float32", shape, data: data.fill(initial) };
  const generator = rng(seed, "loss-parameters", name);
  for (let i = 0; i < data.length; i++) data[i] = initial.deviation * generator.normal();
  return { dtype: "float32", shape, data };
}

/** Biases and layer norms do not decay, as is usual for transformers, and no more do a loss's parameters. */
function optimiserOptions(config: TrainConfig, names: readonly string[]): OptimiserOptions {
  const ofLoss = names.filter((name) => name.startsWith(LOSS_PREFIX));
  const own = names.filter((name) => !name.startsWith(LOSS_PREFIX));
  const decayed = own.filter((name) => !name.endsWith(".bias") && !/norm/i.test(name));
  const rates = Object.fromEntries(ofLoss.map((name) => [name, config.lossLearningRate]));
  const common = { weightDecay: config.weightDecay, decayed, ...(ofLoss.length === 0 ? {} : { rates }) };
  if (config.optimiser === "sgd") return { kind: "sgd", momentum: 0.9, ...common };
  const tables = own.filter((name) => /^embedding\.weight$|\.(word|tok)_embeddings\.weight$/.test(name));
  return { kind: "adamw", ...common, ...(config.optimiser === "sparse-adamw" ? { sparse: tables } : {}) };
}

function readTensors(file: string): ReadonlyMap<string, HostTensor> {
  return new Map(
    [...readSafetensors(file)].map(([name, raw]) => {
      const data = toFloat32(raw);
      if (data === null) throw workError("broken-checkpoint", `tensor ${name} is not floating-point`, { file });
      return [name, { dtype: "float32", shape: raw.shape, data } as const];
    }),
  );
}
