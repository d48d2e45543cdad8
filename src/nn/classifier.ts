import { dropout, dropoutMask, type Tensor } from "../graph/index.js";
import type { Activation, PoolingMode } from "./encoder.js";
import { activations } from "./head.js";
import { denseShapes, modulesOf, type Network, normShapes, type TransformerFamily } from "./network.js";
import type { Top } from "./transformer.js";

/** A step of a classification head: perhaps dropout, a linear layer, its activation, perhaps a norm. */
interface Stage {
  readonly dropped: boolean;
  readonly dense: string;
  readonly activation: Activation;
  readonly norm?: string;
}

/** transformers' heads for sequence classification. */
const HEADS: Readonly<Record<TransformerFamily, readonly [Stage, Stage]>> = {
  bert: head("pooler.dense", "tanh", "classifier"),
  distilbert: head("pre_classifier", "relu", "classifier"),
  modernbert: head("head.dense", "gelu", "classifier", "head.norm"),
  roberta: droppedHead("tanh"),
  mpnet: droppedHead("tanh"),
  electra: droppedHead("gelu"),
};

function head(dense: string, activation: Activation, last: string, norm?: string): readonly [Stage, Stage] {
  return [
    { dropped: false, dense, activation, ...(norm === undefined ? {} : { norm }) },
    { dropped: true, dense: last, activation: "identity" },
  ];
}

function droppedHead(activation: Activation): readonly [Stage, Stage] {
  return [
    { dropped: true, dense: "classifier.dense", activation },
    { dropped: true, dense: "classifier.out_proj", activation: "identity" },
  ];
}

export interface ClassifierConfig {
  readonly labels: number;
  /** Which tokens' state is classified. */
  readonly pooling: Extract<PoolingMode, "cls" | "mean">;
  /** Whether the first linear layer has a bias, and the norm after it (ModernBERT's may lack them). */
  readonly bias: boolean;
  readonly normBias: boolean;
  readonly layerNormEpsilon: number;
}

/** The last layer's name, whose rows are the labels. */
export function lastLayer(family: TransformerFamily): string {
  return HEADS[family][1].dense;
}

/** The head that makes a cross-encoder of a network: logits [pairs, labels] of pairs of texts. Nogueira and Cho 2019. */
export function classifierTop({ family, hiddenSize }: Network, config: ClassifierConfig): Top {
  const [first, last] = HEADS[family];
  const parameters = new Map([
    ...denseShapes(first.dense, hiddenSize, hiddenSize, config.bias),
    ...(first.norm === undefined ? [] : normShapes(first.norm, hiddenSize, config.normBias)),
    ...denseShapes(last.dense, config.labels, hiddenSize),
  ]);
  const { dense, norm } = modulesOf(parameters, config.layerNormEpsilon);
  return {
    pooling: [config.pooling],
    parameters,
    dimension: config.labels,
    pairs: true,
    apply: (pooled, rate) =>
      [first, last].reduce<Tensor>((x, stage) => {
        const path = `${stage.dense}.input`;
        const kept = rate > 0 && stage.dropped ? dropout(x, dropoutMask(x.shape, rate, path), rate) : x;
        const y = activations[stage.activation](dense(kept, stage.dense));
        return stage.norm === undefined ? y : norm(y, stage.norm);
      }, pooled),
  };
}
