import { inputError } from "../base/errors.js";
import { rng } from "../base/rng.js";
import { loadTokenizer } from "../data/tokenize.js";
import { bertNetwork } from "../nn/bert.js";
import { bertJson } from "./bert-config.js";
import { jsonText } from "./json.js";
import { withoutSpecialTokens } from "./tokenizer.js";
import type { BertConfig, FloatTensor, JsonObject, ModelDescription, PoolingMode, TensorPlace } from "./types.js";

/** A tokenizer to build a model on; `trainWordPiece`'s result is one. */
export interface Vocabulary {
  /** The content of tokenizer.json. */
  readonly tokenizer: object;
  /** The content of tokenizer_config.json. */
  readonly config: object;
  /** Number of tokens, special ones included. */
  readonly size: number;
}

/** A model that has learnt nothing yet. */
export interface FreshModel {
  readonly model: ModelDescription;
  readonly tensors: ReadonlyMap<string, FloatTensor>;
}

export interface FreshStaticOptions {
  readonly vocabulary: Vocabulary;
  readonly dimension: number;
  readonly seed: number;
  /** Standard deviation of the initial rows. Default 1, as sentence-transformers' StaticEmbedding (torch's EmbeddingBag). */
  readonly deviation?: number;
}

/** A static embedding table of normal numbers: a function of vocabulary size, dimension and seed. */
export function freshStatic({ vocabulary, dimension, seed, deviation = 1 }: FreshStaticOptions): FreshModel {
  positive({ dimension });
  const name = "embedding.weight";
  const plain = {
    ...vocabulary,
    tokenizer: withoutSpecialTokens(vocabulary.tokenizer as JsonObject),
    config: { ...vocabulary.config, tokenizer_class: "PreTrainedTokenizerFast" },
  };
  const shape = [vocabulary.size, dimension];
  return {
    model: {
      family: "static",
      config: { vocabSize: vocabulary.size, dimension },
      configText: null,
      pooling: null,
      maxLength: null,
      dimension,
      ...common(plain, {}, [name]),
    },
    tensors: new Map([[name, normal(name, shape, deviation, seed)]]),
  };
}

export interface FreshBertOptions {
  readonly vocabulary: Vocabulary;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  /** Default four times the hidden size. */
  readonly intermediateSize?: number;
  /** Most tokens of a text, and number of positions. Default 256. */
  readonly maxLength?: number;
  readonly pooling?: PoolingMode;
  readonly seed: number;
  /** Standard deviation of initial matrices. Default 0.02, as in BERT (Devlin et al. 2019; transformers' initializer_range). */
  readonly deviation?: number;
}

/**
 * A BERT initialised as transformers does it: matrices and tables normal, biases 0, layer norms 1 and 0, the padding token's row 0.
 * Without a pooler, which no pooling here uses.
 */
export function freshBert(options: FreshBertOptions): FreshModel {
  const { vocabulary, layers, hiddenSize, heads, seed, maxLength = 256, pooling = "mean", deviation = 0.02 } = options;
  const intermediateSize = options.intermediateSize ?? 4 * hiddenSize;
  positive({ layers, hiddenSize, heads, intermediateSize, maxLength });
  if (hiddenSize % heads !== 0)
    throw inputError("bad-model-size", "the hidden size is not divisible by the number of heads", {
      field: "heads",
      found: `hidden size ${hiddenSize}, ${heads} heads`,
      expected: "a number of heads that divides the hidden size",
    });
  const config: BertConfig = {
    vocabSize: vocabulary.size,
    hiddenSize,
    layers,
    heads,
    intermediateSize,
    maxPositions: maxLength,
    typeVocabSize: 2,
    layerNormEpsilon: 1e-12,
    activation: "gelu",
    hiddenDropout: 0.1,
    attentionDropout: 0.1,
  };
  const padding = loadTokenizer(vocabulary.tokenizer, vocabulary.config).padId ?? 0;
  const tensors = new Map<string, FloatTensor>();
  for (const [name, shape] of bertNetwork("bert", config).parameters) {
    if (name.endsWith("LayerNorm.weight")) tensors.set(name, constant(shape, 1));
    else if (name.endsWith(".bias")) tensors.set(name, constant(shape, 0));
    else tensors.set(name, normal(name, shape, deviation, seed));
  }
  const words = tensors.get("embeddings.word_embeddings.weight");
  words?.data.fill(0, padding * hiddenSize, (padding + 1) * hiddenSize);
  return {
    model: {
      family: "bert",
      config,
      configText: jsonText(bertJson(config, padding, deviation)),
      pooling: { modes: [pooling], includePrompt: true, dimension: hiddenSize },
      maxLength,
      dimension: hiddenSize,
      ...common(vocabulary, { model_max_length: maxLength }, tensors.keys()),
    },
    tensors,
  };
}

function common(vocabulary: Vocabulary, more: JsonObject, names: Iterable<string>) {
  const tokenizerConfig: JsonObject = { ...vocabulary.config, ...more };
  const files = new Map<string, object>([
    ["tokenizer.json", vocabulary.tokenizer],
    ["tokenizer_config.json", tokenizerConfig],
    ["special_tokens_map.json", specialTokens(tokenizerConfig)],
  ]);
  const places = new Map<string, TensorPlace>(Array.from(names, (tensor) => [tensor, { folder: "", tensor }]));
  return {
    tokenFolder: "",
    head: [],
    lowercase: false,
    prompts: new Map<string, string>(),
    defaultPromptName: null,
    similarity: "cosine" as const,
    tokenizerJson: vocabulary.tokenizer as JsonObject,
    tokenizerConfig,
    tokenizerFiles: new Map(
      Array.from(files, ([name, value]) => [name, Buffer.from(`${JSON.stringify(value, null, 2)}\n`)] as const),
    ),
    places,
  };
}

function specialTokens(tokenizerConfig: JsonObject): JsonObject {
  const names = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
  return Object.fromEntries(
    names.filter((name) => name in tokenizerConfig).map((name) => [name, tokenizerConfig[name]]),
  );
}

/** Normal numbers: a function of name, shape and seed. */
export function normal(name: string, shape: readonly number[], deviation: number, seed: number): FloatTensor {
  const generator = rng(seed, "initial-weights", name);
  const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
  for (let i = 0; i < data.length; i++) data[i] = deviation * generator.normal();
  return { dtype: "float32", shape, data };
}

export function constant(shape: readonly number[], value: number): FloatTensor {
  return {
    dtype: "float32",
    shape,
    data: new Float32Array(shape.reduce((product, length) => product * length, 1)).fill(value),
  };
}

/** Throws `bad-model-size` for what is no size. */
export function positive(sizes: Readonly<Record<string, number>>): void {
  for (const [field, found] of Object.entries(sizes))
    if (!(Number.isInteger(found) && found > 0))
      throw inputError("bad-model-size", `${field} is not a size`, {
        field,
        found: `${found}`,
        expected: "a whole number from 1",
      });
}

/** What config.json says of a model that got another head: `BertModel` becomes `BertForMaskedLM`; nothing where it names no class. */
export function withArchitecture(configText: string, head: `For${string}`): JsonObject {
  const { architectures } = JSON.parse(configText) as { readonly architectures?: unknown };
  const [encoder] = Array.isArray(architectures) ? (architectures as unknown[]) : [];
  const name = typeof encoder === "string" ? /^(.+?)(Model|For[A-Z].*)$/.exec(encoder)?.[1] : undefined;
  return name === undefined ? {} : { architectures: [`${name}${head}`] };
}
