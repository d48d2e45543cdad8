import { inputError } from "../base/errors.js";
import type { HostTensor } from "../graph/host.js";
import {
  concat,
  cumulativeSum,
  type Dim,
  input,
  matmul,
  max,
  partitionRows,
  reshape,
  type Tensor,
  where,
} from "../graph/index.js";
import type { PaddedInputs, PoolingMode, Sequence, TokenPooling } from "./encoder.js";
import type { Packing } from "./packing.js";

// Every pooling but the maximum is a weighted sum of a sequence's tokens; the weights are made outside the graph.

/** Weight of token t of a sequence of `length` tokens whose first `skip` are left out. */
function tokenWeight(mode: PoolingMode, t: number, length: number, skip: number): number {
  if (mode === "cls") return t === 0 ? 1 : 0;
  if (mode === "lasttoken") return t === length - 1 ? 1 : 0;
  if (t < skip) return 0;
  const kept = length - skip;
  if (mode === "mean") return 1 / kept;
  if (mode === "mean_sqrt_len_tokens") return 1 / Math.sqrt(kept);
  // Token t counts t + 1 times (Muennighoff 2022, SGPT).
  return (t + 1) / ((length * (length + 1) - skip * (skip + 1)) / 2);
}

/** What a pooling is called in the names of inputs. */
const nameOf = (mode: TokenPooling): string => (typeof mode === "string" ? mode : `token-${mode.token}-`);

/** Feeds of `poolPacked`. Throws `no-such-token` where a pooling by token finds none in a sequence. */
export function poolingFeeds(
  packing: Packing,
  modes: readonly TokenPooling[],
  sequences: readonly Sequence[],
): Record<string, HostTensor> {
  const feeds: Record<string, HostTensor> = {
    places: { dtype: "int32", shape: [packing.tokens], data: packing.places },
  };
  packing.groups.forEach((group, g) => {
    const { count, length } = group;
    feeds[`rows${g}`] = { dtype: "int32", shape: [count, length], data: packing.rows[g] as Int32Array };
    const fill = (weights: (sequence: Sequence, skip: number) => (t: number) => number): Float32Array => {
      const data = new Float32Array(count * length);
      for (let i = 0; i < count; i++) {
        const sequence = sequences[packing.order[group.first + i] as number] as Sequence;
        const tokens = sequence.ids.length;
        // A prompt that is the whole text would leave nothing: then every token counts.
        const asked = sequence.skip ?? 0;
        const weight = weights(sequence, asked < tokens ? asked : 0);
        for (let t = 0; t < tokens; t++) data[i * length + t] = weight(t);
      }
      return data;
    };
    for (const mode of modes) {
      if (mode === "max") {
        const kept = Uint8Array.from(fill((_, skip) => (t) => (t < skip ? 0 : 1)));
        feeds[`kept${g}`] = { dtype: "bool", shape: [count, length, 1], data: kept };
      } else {
        const data = fill(({ ids }, skip) =>
          typeof mode === "string" ? (t) => tokenWeight(mode, t, ids.length, skip) : shareOf(mode.token, ids),
        );
        feeds[`${nameOf(mode)}${g}`] = { dtype: "float32", shape: [count, 1, length], data };
      }
    }
  });
  return feeds;
}

/** Equal weights of the tokens with an id. */
function shareOf(token: number, ids: Int32Array): (t: number) => number {
  const count = ids.filter((id) => id === token).length;
  if (count === 0)
    throw inputError("no-such-token", "a text has no token of the kind that is pooled", {
      expected: `token id ${token}`,
      hint: "the template lacks the mask token, or truncation cut it off",
    });
  return (t) => (ids[t] === token ? 1 / count : 0);
}

/** Packed tokens [tokens, hidden] → vectors [sequences, hidden · modes], in packed order. */
export function poolPacked(tokens: Tensor, modes: readonly TokenPooling[], groups: number): Tensor {
  const hidden = tokens.shape[1] as number;
  const indices = Array.from({ length: groups }, (_, g) => input(`rows${g}`, [`count${g}`, `length${g}`], "int32"));
  const parts = partitionRows(tokens, indices, input("places", ["tokens"], "int32"));
  const vectors = parts.map((part, g) =>
    concat(
      modes.map((mode) => {
        if (mode === "max") return max(where(input(`kept${g}`, [`count${g}`, `length${g}`, 1], "bool"), part, -1e9), 1);
        const weights = input(`${nameOf(mode)}${g}`, [`count${g}`, 1, `length${g}`]);
        return reshape(matmul(weights, part), [`count${g}`, hidden]);
      }),
      1,
    ),
  );
  return concat(vectors, 0);
}

/** Padded tokens [batch, sequence, hidden] → [batch, hidden · modes], inside the graph. The mask [batch, sequence] is 0 or 1 as float. */
export function poolPadded(
  tokens: Tensor,
  { ids, mask }: Pick<PaddedInputs, "ids" | "mask">,
  modes: readonly TokenPooling[],
): Tensor {
  const [batch, sequence, hidden] = tokens.shape as [Dim, Dim, number];
  const weighted = (weights: Tensor) => reshape(matmul(weights.reshape([batch, 1, sequence]), tokens), [batch, hidden]);
  const count = mask.sum(1, { keepDims: true });
  const position = cumulativeSum(mask, 1).mul(mask);
  return concat(
    modes.map((mode) => {
      if (typeof mode !== "string") {
        const named = ids.equal(mode.token).cast("float32").mul(mask);
        return weighted(named.div(named.sum(1, { keepDims: true })));
      }
      if (mode === "max") return max(where(mask.greater(0).reshape([batch, sequence, 1]), tokens, -1e9), 1);
      if (mode === "cls") return weighted(position.equal(1).cast("float32"));
      if (mode === "lasttoken") return weighted(position.equal(count).cast("float32").mul(mask));
      if (mode === "mean") return weighted(mask.div(count));
      if (mode === "mean_sqrt_len_tokens") return weighted(mask.div(count.sqrt()));
      return weighted(position.div(position.sum(1, { keepDims: true })));
    }),
    1,
  );
}
