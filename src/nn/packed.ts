import {
  attention,
  type Dim,
  dropoutMask,
  gather,
  gatherRows,
  input,
  mergeRows,
  partitionRows,
  reshape,
  slice,
  type Tensor,
} from "../graph/index.js";
import type { ForwardOptions } from "./encoder.js";
import { biased, windowed } from "./masks.js";
import type { Layout, Network } from "./network.js";
import { rotate } from "./rotary.js";

/** What the inputs of a packed program are, beside the number of length groups. */
export interface PackedKind {
  /** Sequences have token types. */
  readonly pairs: boolean;
  /** The table of words is used elsewhere in the graph too, so that its gradient cannot be kept by row. */
  readonly sharedWords: boolean;
}

/** Tokens side by side as rows [tokens, hidden]: see packing.ts. `sequencePacker` makes its feeds. */
export function packedLayout(network: Network, { pairs, sharedWords }: PackedKind, options: ForwardOptions): Layout {
  const { hiddenSize, heads } = network;
  const width = hiddenSize / heads;
  const ids = input("ids", ["tokens"], "int32");
  const groups = Array.from({ length: options.groups }, (_, g) => ({
    index: input(`heads${g}`, [`count${g}`, heads, `length${g}`], "int32"),
    mask: input(`mask${g}`, [`count${g}`, 1, 1, `length${g}`]),
    scores: [`count${g}`, heads, `length${g}`, `length${g}`],
  }));
  const indices = groups.map((group) => group.index);
  const masks = groups.map((group) => group.mask);
  const inverse = input("headPlaces", [`${heads}*tokens`], "int32");
  const cut = (rows: Tensor): readonly Tensor[] =>
    partitionRows(reshape(rows, [`${heads}*tokens`, width]), indices, inverse);
  return {
    rows: ["tokens"],
    dropout: options.dropout,
    words: (table) => (sharedWords ? gather(table, ids) : gatherRows(table, ids)),
    positions: (table) => gatherRows(table, input("positions", ["tokens"], "int32")),
    types: (table) =>
      pairs && table.shape[0] !== 1 ? gatherRows(table, input("types", ["tokens"], "int32")) : slice(table, 0, 0, 1),
    rotate(rows, base) {
      const k = network.rotary.indexOf(base);
      const angles = (name: string) => input(`${name}${k}`, ["tokens", 1, width / 2]);
      return rotate(rows, heads, angles("cosines"), angles("sines"));
    },
    masks,
    relative: (table) => biased(masks, table),
    window: (reach) => windowed(masks, reach),
    attend(q, k, v, added, path) {
      const [queries, keys, values] = [cut(q), cut(k), cut(v)];
      const contexts = groups.map((group, g) =>
        attention(queries[g] as Tensor, keys[g] as Tensor, values[g] as Tensor, added[g] as Tensor, {
          scale: 1 / Math.sqrt(width),
          ...attentionDropout(options.attentionDropout, group.scores, `${path}.group${g}`),
        }),
      );
      return reshape(mergeRows(contexts, indices, inverse), ["tokens", hiddenSize]);
    },
  };
}

function attentionDropout(rate: number, shape: readonly Dim[], path: string) {
  return rate === 0 ? {} : { dropout: { mask: dropoutMask(shape, rate, path), rate } };
}
