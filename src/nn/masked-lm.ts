import { gather, gelu, geluTanh, input, linear, logSumExp, relu, type Tensor, takeAlongAxis } from "../graph/index.js";
import type { BertConfig } from "./bert.js";
import type { Collated, ForwardOptions, Sequence } from "./encoder.js";
import { denseShapes, modulesOf, type Network, normShapes, type Shapes, type TransformerFamily } from "./network.js";
import { packedLayout } from "./packed.js";
import { sequencePacker } from "./packed-feeds.js";

/** What the parts of a masked-LM head are called: a product with activation and norm, then a product with one row a token. */
export interface MaskedLmNames {
  readonly dense: string;
  readonly norm: string;
  readonly output: string;
  readonly outputBias: string;
}

const robertaNames: MaskedLmNames = {
  dense: "lm_head.dense",
  norm: "lm_head.layer_norm",
  output: "lm_head.decoder.weight",
  outputBias: "lm_head.bias",
};

export const maskedLmNames: Readonly<Record<TransformerFamily, MaskedLmNames>> = {
  bert: {
    dense: "cls.predictions.transform.dense",
    norm: "cls.predictions.transform.LayerNorm",
    output: "cls.predictions.decoder.weight",
    outputBias: "cls.predictions.bias",
  },
  roberta: robertaNames,
  mpnet: robertaNames,
  distilbert: {
    dense: "vocab_transform",
    norm: "vocab_layer_norm",
    output: "vocab_projector.weight",
    outputBias: "vocab_projector.bias",
  },
  electra: {
    dense: "generator_predictions.dense",
    norm: "generator_predictions.LayerNorm",
    output: "generator_lm_head.weight",
    outputBias: "generator_lm_head.bias",
  },
  modernbert: { dense: "head.dense", norm: "head.norm", output: "decoder.weight", outputBias: "decoder.bias" },
};

export interface MaskedLmConfig {
  readonly activation: BertConfig["activation"];
  readonly layerNormEpsilon: number;
  readonly denseBias: boolean;
  readonly normBias: boolean;
  readonly outputBias: boolean;
  /** The last product is with the word table: one parameter, whose gradients add up. */
  readonly tied: boolean;
}

/** A text some of whose tokens were masked or changed: `labels` has what they were, and a negative number elsewhere. */
export interface MaskedSequence extends Sequence {
  readonly labels: Int32Array;
}

/** A transformer that guesses tokens from their surroundings. Devlin et al. 2019. */
export interface MaskedLanguageModel {
  /** Those of the network and of the head. */
  readonly parameters: Shapes;
  /** Packs texts; throws RangeError where none has a label. */
  collate(sequences: readonly MaskedSequence[], wantedGroups: number): Collated;
  /** Logits [labelled, vocabulary] of the labelled tokens, texts in packed order, and the mean of their cross entropies. */
  forward(options: ForwardOptions): { readonly logits: Tensor; readonly loss: Tensor };
}

export function maskedLanguageModel(network: Network, config: MaskedLmConfig): MaskedLanguageModel {
  const names = maskedLmNames[network.family];
  const [vocabulary, width] = network.parameters.get(network.words) as readonly [number, number];
  const head = new Map([
    ...denseShapes(names.dense, width, network.hiddenSize, config.denseBias),
    ...normShapes(names.norm, width, config.normBias),
  ]);
  if (config.outputBias) head.set(names.outputBias, [vocabulary]);
  if (!config.tied) head.set(names.output, [vocabulary, width]);
  const parameters = new Map([...network.parameters, ...head]);
  const { weight, dense, norm } = modulesOf(parameters, config.layerNormEpsilon);
  const activation = { gelu, gelu_new: geluTanh, relu }[config.activation];
  const pack = sequencePacker(network, false);
  return {
    parameters,
    collate(sequences, wantedGroups) {
      const { packing, feeds } = pack(sequences, wantedGroups);
      const packed = Array.from(packing.order, (index) => sequences[index] as MaskedSequence);
      const labels = packed.flatMap((sequence) => Array.from(sequence.labels));
      const rows = [...labels.keys()].filter((row) => (labels[row] as number) >= 0);
      if (rows.length === 0) throw new RangeError("no token of the batch has a label");
      const groups = packing.groups.length;
      const column = (data: readonly number[]) =>
        ({ dtype: "int32", shape: [rows.length], data: Int32Array.from(data) }) as const;
      return {
        key: `${network.family}-masked-${groups}`,
        groups,
        feeds: {
          ...feeds,
          labelled: column(rows),
          labels: column(rows.map((row) => labels[row] as number)),
        },
        place: packing.place,
      };
    },
    forward(options) {
      const layout = packedLayout(network, { pairs: false, sharedWords: config.tied }, options);
      const states = gather(network.tokens(layout), input("labelled", ["labelled"], "int32"));
      const guess = norm(activation(dense(states, names.dense)), names.norm);
      const table = weight(config.tied ? network.words : names.output);
      const logits = linear(guess, table, config.outputBias ? weight(names.outputBias) : undefined);
      const right = takeAlongAxis(logits, input("labels", ["labelled"], "int32").unsqueeze(1), 1).squeeze(1);
      return { logits, loss: logSumExp(logits, 1).sub(right).mean() };
    },
  };
}
