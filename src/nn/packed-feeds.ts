import type { HostTensor } from "../graph/host.js";
import type { Sequence } from "./encoder.js";
import { HIDDEN } from "./masks.js";
import type { Network } from "./network.js";
import { headIndex, type Packing, packSequences } from "./packing.js";
import { rotaryTable } from "./rotary.js";

export interface PackedSequences {
  readonly packing: Packing;
  readonly feeds: Record<string, HostTensor>;
}

/** Packs sequences as the inputs of `packedLayout`. */
export function sequencePacker(
  network: Network,
  pairs: boolean,
): (sequences: readonly Sequence[], wantedGroups: number, padTo?: readonly number[]) => PackedSequences {
  const half = network.hiddenSize / network.heads / 2;
  return (sequences, wantedGroups, padTo) => {
    const lengths = sequences.map((sequence) => sequence.ids.length);
    const packing = packSequences(lengths, wantedGroups, padTo);
    /** The values of all sequences in packed order; the dummy row's is 0. */
    const column = (valuesOf: (sequence: Sequence) => ArrayLike<number>): HostTensor & { data: Int32Array } => {
      const data = new Int32Array(packing.tokens);
      let at = 0;
      for (const index of packing.order) {
        const sequence = sequences[index] as Sequence;
        data.set(valuesOf(sequence), at);
        at += sequence.ids.length;
      }
      return { dtype: "int32", shape: [packing.tokens], data };
    };
    const places = ({ ids }: Sequence) => ids.map((_, t) => t);
    const feeds: Record<string, HostTensor> = {
      ids: column(({ ids }) => ids),
      ...headFeeds(packing, network.heads),
    };
    if (network.positions !== null) {
      const { after } = network.positions;
      feeds["positions"] = column(after === null ? places : ({ ids }) => positionsAfter(after, ids));
    }
    if (pairs) feeds["types"] = column(({ types }) => types ?? []);
    network.rotary.forEach((base, k) => {
      const { cosines, sines } = rotaryTable(base, 2 * half, Math.max(...lengths));
      const rows = column(places).data;
      feeds[`cosines${k}`] = rowsOf(cosines, half, rows);
      feeds[`sines${k}`] = rowsOf(sines, half, rows);
    });
    return { packing, feeds };
  };
}

/** Positions `after` + 1, … of the tokens that are not `after` themselves. */
function positionsAfter(after: number, ids: Int32Array): Int32Array {
  let count = after;
  return ids.map((id) => (id === after ? after : ++count));
}

function rowsOf(table: Float32Array, width: number, places: Int32Array): HostTensor {
  const data = new Float32Array(places.length * width);
  places.forEach((place, i) => {
    data.set(table.subarray(place * width, (place + 1) * width), i * width);
  });
  return { dtype: "float32", shape: [places.length, 1, width], data };
}

/** Where the heads of each length group lie, and which of its places are padding. */
function headFeeds(packing: Packing, heads: number): Record<string, HostTensor> {
  const { indices, inverse } = headIndex(packing, heads);
  const feeds: Record<string, HostTensor> = { headPlaces: { dtype: "int32", shape: [inverse.length], data: inverse } };
  packing.groups.forEach(({ first, count, length }, g) => {
    const mask = new Float32Array(count * length);
    for (let i = 0; i < count; i++)
      mask.fill(HIDDEN, i * length + (packing.lengths[first + i] as number), (i + 1) * length);
    feeds[`heads${g}`] = { dtype: "int32", shape: [count, heads, length], data: indices[g] as Int32Array };
    feeds[`mask${g}`] = { dtype: "float32", shape: [count, 1, 1, length], data: mask };
  });
  return feeds;
}
