import type { BertFamily } from "./network.js";

/** What the parts of a layer are called in a family's checkpoints. */
export interface BertNames {
  /** Before the number of the layer. */
  readonly layers: string;
  readonly query: string;
  readonly key: string;
  readonly value: string;
  /** The product after attention, and the norm after that. */
  readonly context: string;
  readonly contextNorm: string;
  readonly inner: string;
  readonly outer: string;
  readonly outerNorm: string;
  /** Whether training drops elements of the product after attention. */
  readonly dropsContext: boolean;
}

const bert: BertNames = {
  layers: "encoder.layer",
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  context: "attention.output.dense",
  contextNorm: "attention.output.LayerNorm",
  inner: "intermediate.dense",
  outer: "output.dense",
  outerNorm: "output.LayerNorm",
  dropsContext: true,
};

const mpnet: BertNames = {
  ...bert,
  query: "attention.attn.q",
  key: "attention.attn.k",
  value: "attention.attn.v",
  context: "attention.attn.o",
  contextNorm: "attention.LayerNorm",
};

const distilbert: BertNames = {
  layers: "transformer.layer",
  query: "attention.q_lin",
  key: "attention.k_lin",
  value: "attention.v_lin",
  context: "attention.out_lin",
  contextNorm: "sa_layer_norm",
  inner: "ffn.lin1",
  outer: "ffn.lin2",
  outerNorm: "output_layer_norm",
  dropsContext: false,
};

const families: Readonly<Record<BertFamily, BertNames>> = { bert, roberta: bert, electra: bert, mpnet, distilbert };

export function bertNames(family: BertFamily): BertNames {
  return families[family];
}
