import { type Dim, embeddingBag, gather, input, matmul, maximum, parameter, reshape } from "../graph/index.js";
import type { Head, Sequence, TextEncoder } from "./encoder.js";
import { applyHead, headParameters } from "./head.js";

/** The table of a static encoder, by its name in the checkpoint. */
export const STATIC_TABLE = "embedding.weight";

/**
 * A static encoder: the mean of a table's rows, no context and no padding (sentence-transformers' StaticEmbedding).
 * The empty text is the zero vector.
 */
export function staticEncoder(vocabSize: number, dimension: number, head: readonly Head[]): TextEncoder {
  const table = parameter(STATIC_TABLE, [vocabSize, dimension]);
  const last = head.findLast((module) => module.type === "dense");
  return {
    family: "static",
    dimension: last?.type === "dense" ? last.outFeatures : dimension,
    parameters: new Map([[STATIC_TABLE, [vocabSize, dimension]], ...headParameters(head)]),
    collate: (sequences) => collate(sequences),
    forward() {
      const bags = embeddingBag(table, input("ids", ["tokens"], "int32"), input("offsets", ["bags + 1"], "int32"));
      return applyHead(bags, head);
    },
    forwardPadded({ ids, mask }) {
      const [batch, sequence] = ids.shape as [Dim, Dim];
      const tokens = gather(table, ids);
      const weights = mask.div(maximum(mask.sum(1, { keepDims: true }), 1)).reshape([batch, 1, sequence]);
      return { vectors: applyHead(reshape(matmul(weights, tokens), [batch, dimension]), head), tokens };
    },
  };
}

function collate(sequences: readonly Sequence[]) {
  const offsets = new Int32Array(sequences.length + 1);
  sequences.forEach((sequence, i) => {
    offsets[i + 1] = (offsets[i] as number) + sequence.ids.length;
  });
  const ids = new Int32Array(offsets[sequences.length] as number);
  for (const [i, sequence] of sequences.entries()) ids.set(sequence.ids, offsets[i]);
  return {
    key: "static",
    groups: 1,
    feeds: {
      ids: { dtype: "int32", shape: [ids.length], data: ids },
      offsets: { dtype: "int32", shape: [offsets.length], data: offsets },
    },
    place: Int32Array.from(sequences.keys()),
  } as const;
}
