import type { Similarity } from "../base/types.js";
import type { BertConfig as BertShape } from "../nn/bert.js";
import type { ClassifierConfig } from "../nn/classifier.js";
import type { Activation, Head, PoolingMode } from "../nn/encoder.js";
import type { ModernBertConfig as ModernBertShape } from "../nn/modernbert.js";
import type { BertFamily } from "../nn/network.js";

export type { Activation, Head as HeadModule, PoolingMode } from "../nn/encoder.js";

/** The rates that training uses unless told otherwise. */
export interface DropoutRates {
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
}

/** The sizes of a network of the checkpoint. */
export type BertConfig = BertShape & DropoutRates;
export type ModernBertConfig = ModernBertShape & DropoutRates;

/** A transformer of the checkpoint. */
export type TransformerConfig =
  | { readonly family: BertFamily; readonly config: BertConfig }
  | { readonly family: "modernbert"; readonly config: ModernBertConfig };

export interface StaticConfig {
  readonly vocabSize: number;
  readonly dimension: number;
}

/** Values of one tensor, row-major: a `HostTensor` of the engine. */
export interface FloatTensor {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Pooling {
  /** Their results are concatenated in this order. */
  readonly modes: readonly PoolingMode[];
  /** Whether the tokens of a prompt are pooled. */
  readonly includePrompt: boolean;
  /** Length of the pooled vector: hidden size × modes. */
  readonly dimension: number;
}

/** Where a parameter lies: `folder` is relative to the model folder ("" is the folder itself). */
export interface TensorPlace {
  readonly folder: string;
  readonly tensor: string;
}

/** How a model makes tokens of texts, and where its tensors lie. */
export interface Tokens {
  /** Most tokens of a text (of a pair), special tokens included; null: no limit. */
  readonly maxLength: number | null;
  /** Whether sentence_bert_config.json asks for lower-casing; `tokenizerJson` already does it. */
  readonly lowercase: boolean;
  readonly tokenizerJson: JsonObject;
  readonly tokenizerConfig: JsonObject;
  /** Files of the tokenizer by name, carried over byte for byte. */
  readonly tokenizerFiles: ReadonlyMap<string, Uint8Array>;
  /**
   * config.json as it was, so that what nearmiss does not use survives a save; null for static models. Text, since JSON.parse forgets
   * that 2.0 is no integer, which transformers minds.
   */
  readonly configText: string | null;
  /** Folder of the token encoder, relative to the model folder: nearly always "". */
  readonly tokenFolder: string;
  /** Every floating-point tensor by its parameter name: that of the file without the family's prefix (`bert.`), with LayerNorm's `weight` and `bias`. */
  readonly places: ReadonlyMap<string, TensorPlace>;
}

interface DescriptionOf<Family, Config> extends Tokens {
  readonly family: Family;
  readonly config: Config;
  /** Null for static models, whose table is averaged by the module itself. */
  readonly pooling: Pooling | null;
  readonly head: readonly Head[];
  readonly prompts: ReadonlyMap<string, string>;
  readonly defaultPromptName: string | null;
  readonly similarity: Similarity;
  /** Length of the final vector. */
  readonly dimension: number;
}

/** Everything about a model but its weights. */
export type ModelDescription = TransformerDescription | DescriptionOf<"static", StaticConfig>;
export type TransformerDescription =
  | DescriptionOf<BertFamily, BertConfig>
  | DescriptionOf<"modernbert", ModernBertConfig>;

/** A cross-encoder: one transformer reads two texts together and gives a score for each label. */
export type CrossEncoderDescription = TransformerConfig &
  Tokens & {
    readonly classifier: ClassifierConfig;
    /** What turns a logit into a score: the sigmoid for one label unless the files say otherwise. */
    readonly activation: Activation;
  };

/** What comes with a model that lies in a folder. */
export interface InFolder {
  readonly path: string;
  /** Parameter name → its weight file, relative to `path`. */
  readonly sources: ReadonlyMap<string, string>;
  /** Changes with anything that changes a vector or score; prompts do not. */
  readonly fingerprint: string;
  /** nearmiss.json, where the model was made by nearmiss. */
  readonly manifest: JsonObject | null;
}

export type ModelFolder = ModelDescription & InFolder;
export type CrossEncoderFolder = CrossEncoderDescription & InFolder;
