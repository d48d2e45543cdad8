import { inputError } from "../base/errors.js";
import type { Progress } from "../base/progress.js";
import type { Warnings } from "../base/warnings.js";
import { type CrossEncoderDescription, loadWeights, pairEncoderOf, readCrossEncoder } from "../checkpoint/index.js";
import { loadTokenizer } from "../data/tokenize.js";
import { erf } from "../engine/interpreter/erf.js";
import type { Engine, HostTensor, Weights } from "../engine/types.js";
import type { Activation, Sequence, TextEncoder } from "../nn/encoder.js";
import { createForward, type Vectors } from "./encode.js";

/** A query and a document, or any two texts whose order matters. */
export type TextPair = readonly [first: string, second: string];

/** A cross-encoder on an engine: pairs of texts in, scores out. */
export interface PairScorer {
  /** Changes with anything that changes a score. */
  readonly fingerprint: string;
  readonly description: CrossEncoderDescription;
  readonly labels: number;
  readonly engine: Engine;
  /** Its `forward` yields the logits [pairs, labels], for training. */
  readonly encoder: TextEncoder;
  readonly weights: Weights;
  /** Token ids and types of a pair. */
  sequence(pair: TextPair): Sequence;
  /** A score a pair, in their order. Throws `several-labels` where the model has more than one label. */
  scorePairs(pairs: readonly TextPair[], options?: { readonly progress?: Progress }): Promise<Float64Array>;
  /** A score for each label of each pair: the logits after the model's activation. */
  classify(pairs: readonly TextPair[], options?: { readonly progress?: Progress }): Promise<Vectors>;
  release(): Promise<void>;
}

export interface PairScorerOptions {
  readonly engine: Engine;
  readonly description: CrossEncoderDescription;
  readonly tensors: ReadonlyMap<string, HostTensor>;
  readonly fingerprint: string;
  readonly warnings: Warnings;
}

/** Opens a folder that `readCrossEncoder` understands. The engine stays the caller's. */
export async function openCrossEncoder(
  path: string,
  { engine, warnings }: Pick<PairScorerOptions, "engine" | "warnings">,
): Promise<PairScorer> {
  const folder = await readCrossEncoder(path, warnings);
  const { fingerprint } = folder;
  return pairScorer({ engine, description: folder, tensors: loadWeights(folder), fingerprint, warnings });
}

/** Puts description and weights together. */
export async function pairScorer(options: PairScorerOptions): Promise<PairScorer> {
  const { engine, description, tensors, fingerprint, warnings } = options;
  const encoder = pairEncoderOf(description);
  const names = [...encoder.parameters.keys()];
  const weights = await engine.load(new Map(names.map((name) => [name, tensors.get(name) as HostTensor])));
  const sequence = pairSequencer(description, warnings);
  const classifier = pairClassifier(engine, description, encoder);
  const labels = description.classifier.labels;
  const classify: PairScorer["classify"] = (pairs, { progress } = {}) =>
    classifier.classify(weights, pairs.map(sequence), progress);
  return {
    fingerprint,
    description,
    labels,
    engine,
    encoder,
    weights,
    sequence,
    classify,
    async scorePairs(pairs, more) {
      if (labels !== 1)
        throw inputError("several-labels", "this cross-encoder gives a pair several scores, not one", {
          found: `${labels} labels`,
          hint: "call classify",
        });
      return Float64Array.from((await classify(pairs, more)).data);
    },
    async release() {
      await classifier.release();
      await engine.release(weights);
    },
  };
}

/** Scores tokenised pairs with weights that may change: logits after the model's activation, [pairs, labels]. */
export interface PairClassifier {
  classify(weights: Weights, pairs: readonly Sequence[], progress?: Progress): Promise<Vectors>;
  release(): Promise<void>;
}

export function pairClassifier(
  engine: Engine,
  { activation }: Pick<CrossEncoderDescription, "activation">,
  encoder: TextEncoder,
): PairClassifier {
  const forward = createForward(engine, encoder);
  const activate = ACTIVATIONS[activation];
  return {
    async classify(weights, pairs, progress) {
      const { data, ...shape } = await forward.encode(weights, pairs, progress);
      return { ...shape, data: data.map(activate) };
    },
    release: forward.release,
  };
}

/** Tokenises pairs; truncation is a counted warning. */
export function pairSequencer(
  { tokenizerJson, tokenizerConfig, maxLength }: CrossEncoderDescription,
  warnings: Warnings,
): (pair: TextPair) => Sequence {
  const tokenizer = loadTokenizer(tokenizerJson, tokenizerConfig, maxLength === null ? {} : { maxLength });
  const onTruncated = () =>
    warnings.add("truncated-text", `pairs were longer than the model's ${maxLength} tokens; the rest was left out`);
  return ([first, second]) => tokenizer.encodePair(first, second, { onTruncated });
}

const ACTIVATIONS: Readonly<Record<Activation, (x: number) => number>> = {
  identity: (x) => x,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  relu: (x) => Math.max(0, x),
  gelu: (x) => (x / 2) * (1 + erf(x * Math.SQRT1_2)),
};
