import type { Progress } from "../base/progress.js";
import type { Similarity } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { encoderOf, type ModelDescription } from "../checkpoint/index.js";
import { loadTokenizer, type TextTokenizer } from "../data/tokenize.js";
import { int8Limit } from "../engine/int8.js";
import type { Engine, HostTensor, Weights } from "../engine/types.js";
import type { Sequence, TextEncoder } from "../nn/encoder.js";
import { encodeDistinct } from "./distinct.js";
import { createForward, type EncodePrecision, type Forward, type Vectors } from "./encode.js";
import type { VectorCache } from "./vector-cache.js";

/** The role of a text: it decides the prompt. */
export type Role = "query" | "document";

/** A text encoder on an engine: texts in, vectors out. */
export interface Model {
  /** Changes with anything that changes a vector. */
  readonly fingerprint: string;
  readonly description: ModelDescription;
  readonly dimension: number;
  readonly similarity: Similarity;
  readonly engine: Engine;
  readonly encoder: TextEncoder;
  readonly weights: Weights;
  readonly forward: Forward;
  /** Token ids of a text with the prompt of its role. */
  sequence(text: string, as: Role): Sequence;
  /** Vectors in the order of the texts. Each distinct text is encoded once. */
  encode(texts: readonly string[], options?: EncodeOptions): Promise<Vectors>;
  release(): Promise<void>;
}

export interface EncodeOptions {
  /** Default `document`. */
  readonly as?: Role;
  readonly progress?: Progress;
}

export interface OpenModelOptions {
  readonly engine: Engine;
  readonly description: ModelDescription;
  readonly weights: Weights;
  readonly fingerprint: string;
  readonly warnings: Warnings;
  readonly cache?: VectorCache;
  /** Default `float32`. */
  readonly precision?: EncodePrecision;
}

/** Loads the tensors that the network uses, by parameter name, and opens the model on them. */
export async function openTensors({
  tensors,
  ...rest
}: Omit<OpenModelOptions, "weights"> & { readonly tensors: ReadonlyMap<string, HostTensor> }): Promise<Model> {
  const names = [...encoderOf(rest.description).parameters.keys()];
  const weights = await rest.engine.load(new Map(names.map((name) => [name, tensors.get(name) as HostTensor])));
  return openModel({ ...rest, weights });
}

/** Puts description, weights and tokenizer together. */
export function openModel(options: OpenModelOptions): Model {
  const { description, engine, weights, fingerprint, cache, precision = "float32" } = options;
  const encoder = encoderOf(description);
  const forward = createForward(engine, encoder, precision);
  const sequence = sequencer(description, options.warnings);
  return {
    fingerprint,
    description,
    dimension: encoder.dimension,
    similarity: description.similarity,
    engine,
    encoder,
    weights,
    forward,
    sequence,
    encode: (texts, { as = "document", progress } = {}) =>
      encodeDistinct(texts, async (distinct) => {
        // Texts that the cache knows are cut all the same, so that a warm cache warns as a cold one does. Without a limit nothing is cut.
        const cut =
          description.maxLength === null ? null : new Map(distinct.map((text) => [text, sequence(text, as)] as const));
        const encodeThem = (some: readonly string[]) =>
          forward.encode(
            weights,
            some.map((text) => cut?.get(text) ?? sequence(text, as)),
            progress,
          );
        if (cache === undefined) return encodeThem(distinct);
        const key = {
          fingerprint,
          prompt: promptOf(description, as),
          engine: engine.kind,
          precision: precision === "int8" ? `int8/${await int8Limit(engine)}` : precision,
        };
        return cache.through(key, distinct, encoder.dimension, encodeThem);
      }),
    async release() {
      await forward.release();
      await engine.release(weights);
    },
  };
}

/** The prompt of a role: its own, else the default one, else none. */
export function promptOf(description: ModelDescription, as: Role): string {
  const { prompts, defaultPromptName } = description;
  return (
    prompts.get(as) ??
    (as === "document" ? prompts.get("passage") : undefined) ??
    prompts.get(defaultPromptName ?? "") ??
    ""
  );
}

/** Tokenises texts of a role; truncation is a counted warning. */
export function sequencer(description: ModelDescription, warnings: Warnings): (text: string, as: Role) => Sequence {
  const tokenizer = tokenizerOf(description);
  const addSpecialTokens = description.family !== "static";
  const onTruncated = () =>
    warnings.add(
      "truncated-text",
      `texts were longer than the model's ${description.maxLength} tokens; the rest was left out`,
    );
  const skips = new Map<string, number>();
  const skipOf = (prompt: string): number => {
    // sentence-transformers leaves out the prompt's tokens: as many as the prompt alone has, without the closing special token.
    const known = skips.get(prompt);
    if (known !== undefined) return known;
    const skip =
      prompt === "" || description.pooling?.includePrompt !== false
        ? 0
        : tokenizer.encode(prompt, { addSpecialTokens }).length - 1;
    skips.set(prompt, skip);
    return skip;
  };
  return (text, as) => {
    const prompt = promptOf(description, as);
    const skip = skipOf(prompt);
    const ids = tokenizer.encode(prompt + text, { addSpecialTokens, onTruncated });
    return skip === 0 ? { ids } : { ids, skip };
  };
}

/** The tokenizer of a model, truncating at the model's length. */
export function tokenizerOf(description: ModelDescription): TextTokenizer {
  return loadTokenizer(description.tokenizerJson, description.tokenizerConfig, {
    ...(description.maxLength === null ? {} : { maxLength: description.maxLength }),
  });
}
