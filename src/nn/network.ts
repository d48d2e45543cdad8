import { layerNorm, linear, parameter, type Shape, type Tensor } from "../graph/index.js";

/** Shapes of parameters, by name. Linear weights are [out, in], as in the file. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** Architectures by their differences: `roberta` is also XLM-RoBERTa and CamemBERT. */
export type TransformerFamily = "bert" | "roberta" | "mpnet" | "distilbert" | "electra" | "modernbert";

/** Those that are BERT but for names and details. */
export type BertFamily = Exclude<TransformerFamily, "modernbert">;

/**
 * A transformer over tokens that does not say how tokens lie in memory: the same expressions serve packed rows [tokens, hidden] in
 * training and padded batches [batch, sequence, hidden] in an exported file. A `Layout` says it.
 */
export interface Network {
  readonly family: TransformerFamily;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly maxPositions: number;
  /** Shapes of all parameters that the hidden states depend on. */
  readonly parameters: Shapes;
  /** The table of the tokens' vectors, which a masked-LM head may share. */
  readonly words: string;
  readonly positions: LearntPositions | null;
  /** Bases of the rotary positions that its layers use. */
  readonly rotary: readonly number[];
  /** The last hidden state of every token. */
  tokens(layout: Layout): Tensor;
}

/** Learnt positions count from 0; or from `after` + 1, where tokens with the id `after` (padding inside a text) all have the position `after`. */
export interface LearntPositions {
  readonly after: number | null;
}

/** What attention adds to the scores of each block of sequences: [count, 1 or heads, 1 or length, length]. */
export type Masks = readonly Tensor[];

/** How the tokens of a batch lie, and the rates of dropout. */
export interface Layout {
  /** Axes of a token tensor before its last one. */
  readonly rows: Shape;
  readonly dropout: number;
  words(table: Tensor): Tensor;
  positions(table: Tensor): Tensor;
  /** Rows of the table of token types, or its first row where no sequence is a pair. */
  types(table: Tensor): Tensor;
  /** Rotary positions on query or key rows. */
  rotate(rows: Tensor, base: number): Tensor;
  /** Keeps a text's tokens from looking at anything but that text. */
  readonly masks: Masks;
  /** The masks with a learnt bias [buckets, heads] by relative position. */
  relative(table: Tensor): Masks;
  /** The masks, with keys further than `reach` places away masked too. */
  window(reach: number): Masks;
  /** Mixes tokens: query, key and value rows in, context rows out. The path names the dropout mask. */
  attend(q: Tensor, k: Tensor, v: Tensor, masks: Masks, path: string): Tensor;
}

/** Linear layers and layer norms by name, with or without bias as their shapes say. */
export interface Modules {
  weight(name: string): Tensor;
  dense(x: Tensor, name: string, factors?: { readonly alpha?: number; readonly beta?: number }): Tensor;
  norm(x: Tensor, name: string): Tensor;
}

export function modulesOf(shapes: Shapes, epsilon: number): Modules {
  const weight = (name: string) => parameter(name, shapes.get(name) as readonly number[]);
  const bias = (name: string) => (shapes.has(`${name}.bias`) ? weight(`${name}.bias`) : undefined);
  return {
    weight,
    dense: (x, name, factors) => linear(x, weight(`${name}.weight`), bias(name), factors),
    norm: (x, name) => layerNorm(x, weight(`${name}.weight`), bias(name), { epsilon }),
  };
}

export function denseShapes(name: string, out: number, from: number, bias = true): [string, readonly number[]][] {
  return [[`${name}.weight`, [out, from]], ...biasShape(name, out, bias)];
}

export function normShapes(name: string, width: number, bias = true): [string, readonly number[]][] {
  return [[`${name}.weight`, [width]], ...biasShape(name, width, bias)];
}

function biasShape(name: string, width: number, bias: boolean): [string, readonly number[]][] {
  return bias ? [[`${name}.bias`, [width]]] : [];
}
