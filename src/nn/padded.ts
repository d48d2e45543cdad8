import {
  attention,
  constant,
  cumulativeSum,
  type Dim,
  gather,
  reshape,
  slice,
  type Tensor,
  transpose,
} from "../graph/index.js";
import type { PaddedInputs } from "./encoder.js";
import { biased, HIDDEN, windowed } from "./masks.js";
import type { Layout, Network } from "./network.js";
import { rotaryTable, rotate } from "./rotary.js";

/** Tokens of a padded batch [batch, sequence, hidden], for export: no dropout, and everything but ids, mask and types inside the graph. */
export function paddedLayout(network: Network, { ids, mask, types }: PaddedInputs): Layout {
  const { hiddenSize, heads } = network;
  const [batch, sequence] = ids.shape as [Dim, Dim];
  const width = hiddenSize / heads;
  const masks = [mask.sub(1).mul(-HIDDEN).reshape([batch, 1, 1, sequence])];
  const cut = (rows: Tensor) => transpose(reshape(rows, [batch, sequence, heads, width]), [0, 2, 1, 3]);
  return {
    rows: [batch, sequence],
    dropout: 0,
    words: (table) => gather(table, ids),
    positions(table) {
      const after = network.positions?.after ?? null;
      if (after === null) return slice(table, 0, 0, sequence);
      const counted = ids.equal(after).not().cast("int32");
      return gather(table, cumulativeSum(counted, 1).mul(counted).add(after));
    },
    types: (table) => (table.shape[0] === 1 ? slice(table, 0, 0, 1) : gather(table, types)),
    rotate(rows, base) {
      const { cosines, sines } = rotaryTable(base, width, network.maxPositions);
      const angles = (table: Float32Array) =>
        slice(constant(table, [network.maxPositions, 1, width / 2]), 0, 0, sequence);
      return rotate(rows, heads, angles(cosines), angles(sines));
    },
    masks,
    relative: (table) => biased(masks, table),
    window: (reach) => windowed(masks, reach),
    attend(q, k, v, [added], _path) {
      const mixed = attention(cut(q), cut(k), cut(v), added, { scale: 1 / Math.sqrt(width) });
      return reshape(transpose(mixed, [0, 2, 1, 3]), [batch, sequence, hiddenSize]);
    },
  };
}
