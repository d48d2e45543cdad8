import type { HostTensor } from "../graph/host.js";
import type { Tensor } from "../graph/index.js";
import type { TransformerFamily } from "./network.js";

/** How the vectors of a sequence's tokens become one vector. Names as in sentence-transformers. */
export type PoolingMode = "cls" | "mean" | "max" | "mean_sqrt_len_tokens" | "weightedmean" | "lasttoken";

/** A pooling, or the mean of the tokens with an id: PromptBERT (Jiang et al. 2022) reads the mask token. */
export type TokenPooling = PoolingMode | { readonly token: number };

export type Activation = "identity" | "tanh" | "relu" | "gelu" | "sigmoid";

/** What follows the token encoder, in order. Parameter names carry the module's folder as prefix. */
export type Head =
  | {
      readonly type: "dense";
      readonly prefix: string;
      readonly inFeatures: number;
      readonly outFeatures: number;
      readonly bias: boolean;
      readonly activation: Activation;
    }
  | { readonly type: "normalize" };

/** Texts as token ids, ready to be packed. */
export interface Sequence {
  readonly ids: Int32Array;
  /** Token types of a pair of texts, 0 or 1. */
  readonly types?: Int32Array;
  /** Leading tokens that pooling leaves out (a prompt with include_prompt false). */
  readonly skip?: number;
}

/** A batch of items as the inputs of a program. */
export interface Collated {
  /** Programs are compiled once a key: it holds the number of length groups, never a size. */
  readonly key: string;
  readonly groups: number;
  readonly feeds: Readonly<Record<string, HostTensor>>;
  /** Item → row of the encoder's output. */
  readonly place: Int32Array;
}

export interface ForwardOptions {
  readonly groups: number;
  /** Rates of hidden and attention dropout; 0 in evaluation. */
  readonly dropout: number;
  readonly attentionDropout: number;
}

/** An encoder written in the expression language: items of one kind in, a vector each out. */
export interface Encoder<Item> {
  readonly family: string;
  readonly dimension: number;
  /** Names and shapes of the parameters that training updates, as in the checkpoint. */
  readonly parameters: ReadonlyMap<string, readonly number[]>;
  /** Packs items. `padTo` fixes each one's padded length, so that a vector depends on its item alone. */
  collate(items: readonly Item[], wantedGroups: number, padTo?: readonly number[]): Collated;
  /** Vectors [items, dimension] in packed order; row `place[i]` belongs to item i. */
  forward(options: ForwardOptions): Tensor;
}

/** A text encoder. */
export interface TextEncoder extends Encoder<Sequence> {
  readonly family: "static" | TransformerFamily;
  /** The same network on padded inputs, for export: ids, mask [batch, sequence] → vectors and token vectors. */
  forwardPadded(inputs: PaddedInputs): PaddedOutputs;
}

export interface PaddedInputs {
  readonly ids: Tensor;
  readonly mask: Tensor;
  readonly types: Tensor;
}

export interface PaddedOutputs {
  readonly vectors: Tensor;
  /** [batch, sequence, hidden] */
  readonly tokens: Tensor;
}
