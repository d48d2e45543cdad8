import type { Tensor } from "../graph/index.js";
import type { Head, TextEncoder, TokenPooling } from "./encoder.js";
import { applyHead, headParameters } from "./head.js";
import type { Network, Shapes } from "./network.js";
import { packedLayout } from "./packed.js";
import { sequencePacker } from "./packed-feeds.js";
import { paddedLayout } from "./padded.js";
import { poolingFeeds, poolPacked, poolPadded } from "./pooling.js";

/** What makes one vector a text of the hidden states of its tokens. */
export interface Top {
  readonly pooling: readonly TokenPooling[];
  readonly parameters: Shapes;
  /** Length of the final vector. */
  readonly dimension: number;
  /** Sequences are pairs of texts, with token types. */
  readonly pairs: boolean;
  /** The final vectors of pooled ones, with a rate of dropout. */
  apply(pooled: Tensor, dropout: number): Tensor;
}

/** A network and a top as an encoder: packed in training, padded for export. */
export function transformerEncoder(network: Network, top: Top): TextEncoder {
  const pack = sequencePacker(network, top.pairs);
  return {
    family: network.family,
    dimension: top.dimension,
    parameters: new Map([...network.parameters, ...top.parameters]),
    collate(sequences, wantedGroups, padTo) {
      const { packing, feeds } = pack(sequences, wantedGroups, padTo);
      const groups = packing.groups.length;
      return {
        key: `${network.family}-${groups}`,
        groups,
        feeds: { ...feeds, ...poolingFeeds(packing, top.pooling, sequences) },
        place: packing.place,
      };
    },
    forward(options) {
      const tokens = network.tokens(packedLayout(network, { pairs: top.pairs, sharedWords: false }, options));
      return top.apply(poolPacked(tokens, top.pooling, options.groups), options.dropout);
    },
    forwardPadded(inputs) {
      const tokens = network.tokens(paddedLayout(network, inputs));
      return { vectors: top.apply(poolPadded(tokens, inputs, top.pooling), 0), tokens };
    },
  };
}

/** The top of an embedding model: poolings side by side, then Dense and Normalize modules. */
export function embeddingTop(hiddenSize: number, pooling: readonly TokenPooling[], head: readonly Head[]): Top {
  const last = head.findLast((module) => module.type === "dense");
  return {
    pooling,
    parameters: new Map(headParameters(head)),
    dimension: last?.type === "dense" ? last.outFeatures : hiddenSize * pooling.length,
    pairs: false,
    apply: (pooled) => applyHead(pooled, head),
  };
}
