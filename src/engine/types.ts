import type { Feeds, HostTensor } from "../graph/host.js";
import type { Tensor } from "../graph/tensor.js";
import type { NearestQuestion, NearestRows, SearchPrecision } from "./nearest.js";

export type { Feeds, HostTensor } from "../graph/host.js";
export type { NearestQuestion, NearestRows, SearchPrecision };

/** A named set of tensors that the engine owns; this is its handle. */
export interface Weights {
  readonly id: number;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** What to compile: named outputs, and for training the gradient of each parameter by its name. */
export interface ProgramSpec {
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly gradients?: ReadonlyMap<string, Tensor>;
  /** Parameters whose values are fixed, and kept in the program: what hangs on them alone is computed once. */
  readonly constants?: ReadonlyMap<string, HostTensor>;
}

/** A compiled graph; this is its handle. */
export interface Program {
  readonly id: number;
  readonly inputs: readonly string[];
  readonly parameters: readonly string[];
  readonly outputs: readonly string[];
}

export type OptimiserOptions =
  | {
      readonly kind: "adamw";
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
      readonly weightDecay?: number;
      /** Parameters that decay; absent: all. */
      readonly decayed?: readonly string[];
      /** Tables whose untouched rows are left alone (their moments do not decay): `sparse-adamw`. */
      readonly sparse?: readonly string[];
      /** Factors on the learning rate, by parameter; others: 1. */
      readonly rates?: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: "sgd";
      readonly momentum?: number;
      readonly nesterov?: boolean;
      readonly weightDecay?: number;
      readonly decayed?: readonly string[];
      readonly rates?: Readonly<Record<string, number>>;
    };

/** The state of an optimiser over one set of weights; this is its handle. */
export interface Optimiser {
  readonly id: number;
}

/** What dropout masks are a function of, besides the node's path and the element: the same key gives the same masks again. */
export interface DropoutKey {
  readonly seed: number;
  readonly step: number;
  /** Default 0. In a step it is the place among the micro-batches. */
  readonly microBatch?: number;
}

export interface StepRequest {
  readonly program: Program;
  readonly weights: Weights;
  readonly optimiser: Optimiser;
  readonly microBatches: readonly Feeds[];
  /** What the update uses of the micro-batches' gradients: their mean (gradient accumulation, the default) or their sum. */
  readonly reduction?: "mean" | "sum";
  readonly learningRate: number;
  /** Global-norm clipping: factor min(1, maxNorm / (norm + 1e-6)). */
  readonly maxNorm?: number;
  /** Key of the dropout masks; without it a graph with masks is an error. */
  readonly dropout?: Omit<DropoutKey, "microBatch">;
}

export interface StepResult {
  /** One record of outputs a micro-batch. */
  readonly outputs: readonly Readonly<Record<string, HostTensor>>[];
  /** Euclidean norm of all gradients before clipping. */
  readonly gradientNorm: number;
}

/** Vectors that an engine keeps to search among; this is their handle. */
export interface HeldVectors {
  readonly id: number;
  readonly rows: number;
}

/** The seam behind which tensors are computed. Weights never cross it during training. */
export interface Engine {
  readonly kind: "onnxruntime" | "interpreter";
  load(tensors: ReadonlyMap<string, HostTensor>): Promise<Weights>;
  /** Loads a safetensors file of float32 or float64 tensors inside the engine. */
  loadFile(path: string): Promise<Weights>;
  compile(spec: ProgramSpec): Promise<Program>;
  run(
    program: Program,
    feeds: Feeds,
    weights: Weights,
    dropout?: DropoutKey,
  ): Promise<Readonly<Record<string, HostTensor>>>;
  /** Keeps finite vectors, [rows, dimension], to search among. */
  hold(vectors: HostTensor, precision?: SearchPrecision): Promise<HeldVectors>;
  /**
   * The best k rows of some sets of vectors, as if those stood one after another, for each query: by product in float64 (`dot` in nearest.ts), equal ones by row.
   * Throws `non-finite` where a product could overflow float32.
   */
  nearest(question: NearestQuestion, among: readonly HeldVectors[]): Promise<NearestRows>;
  optimiser(weights: Weights, options: OptimiserOptions): Promise<Optimiser>;
  /** Throws `non-finite` (exit code 1) and leaves weights and optimiser unchanged when loss or gradients are not finite. */
  step(request: StepRequest): Promise<StepResult>;
  read(weights: Weights, names?: readonly string[]): Promise<ReadonlyMap<string, HostTensor>>;
  write(weights: Weights, tensors: ReadonlyMap<string, HostTensor>): Promise<void>;
  /** target ← momentum · target + (1 − momentum) · source. */
  ema(target: Weights, source: Weights, momentum: number): Promise<void>;
  /** Writes a safetensors file from inside the engine (atomically). */
  saveWeights(weights: Weights, path: string, metadata?: Readonly<Record<string, string>>): Promise<void>;
  /** Moments and step count, to the bit. */
  saveOptimiser(optimiser: Optimiser, path: string): Promise<void>;
  loadOptimiser(optimiser: Optimiser, path: string): Promise<void>;
  release(handle: Weights | Program | Optimiser | HeldVectors): Promise<void>;
  close(): Promise<void>;
}
