import type { Progress } from "../base/progress.js";
import { int8Limit, int8Spec, int8Weights, noInt8 } from "../engine/int8.js";
import type { Engine, Program, Weights } from "../engine/types.js";
import type { Encoder, Sequence, TextEncoder } from "../nn/encoder.js";

/** Vectors as one row-major block. */
export interface Vectors {
  readonly data: Float32Array;
  readonly rows: number;
  readonly dimension: number;
}

/** Padded places of one run: large enough for full speed, small enough for a laptop's memory. */
const PLACES_PER_RUN = 8192;
/** Items of one run where nothing is padded. */
const ITEMS_PER_RUN = 4096;
/** Lengths are padded to multiples of this. */
const LENGTH_STEP = 8;

/** Runs an encoder forward. Compiled programs are kept; weights stay in the engine. */
export interface Forward<Item = Sequence> {
  /** Vectors of the items, in their order. A vector is a function of the weights and its own item alone. */
  encode(weights: Weights, items: readonly Item[], progress?: Progress): Promise<Vectors>;
  release(): Promise<void>;
}

/** How vectors are computed: products of tokens and weights in float32, or by 8-bit integers (the operation `int8Linear`). */
export type EncodePrecision = "float32" | "int8";

/**
 * Prepares a text encoder on an engine. With `int8`, weights are quantised when first given; they must not change after. Throws `no-int8` for
 * an encoder without products over tokens.
 */
export function createForward(engine: Engine, encoder: TextEncoder, precision: EncodePrecision = "float32"): Forward {
  const isStatic = encoder.family === "static";
  if (precision === "int8" && isStatic) throw noInt8(precision);
  return forwardOf(engine, encoder, isStatic ? null : (sequence) => sequence.ids.length, precision);
}

/** Prepares any encoder on an engine. `length` is what items are padded by; null where nothing is. */
export function forwardOf<Item>(
  engine: Engine,
  encoder: Encoder<Item>,
  length: ((item: Item) => number) | null,
  precision: EncodePrecision = "float32",
): Forward<Item> {
  const programs = new Map<string, Promise<Program>>();
  const compile = async (groups: number, weights: Weights): Promise<Program> => {
    const vectors = encoder.forward({ groups, dropout: 0, attentionDropout: 0 });
    if (precision === "float32") return engine.compile({ outputs: { vectors } });
    const spec = int8Spec({ outputs: { vectors } }, { precision, rows: "tokens", limit: await int8Limit(engine) });
    return engine.compile({ ...spec, constants: await engine.read(weights, int8Weights(spec)) });
  };
  const program = (key: string, groups: number, weights: Weights): Promise<Program> => {
    const full = precision === "float32" ? key : `${key} of ${weights.id}`;
    const one = programs.get(full) ?? compile(groups, weights);
    programs.set(full, one);
    return one;
  };
  return {
    async encode(weights, items, progress) {
      const dimension = encoder.dimension;
      const data = new Float32Array(items.length * dimension);
      const runs = planRuns(items, length);
      let done = 0;
      for (const run of runs) {
        // One row alone is computed by another kernel than the same row among others: never run a single one.
        const members = run.members.length === 1 ? [run.members[0] as number, run.members[0] as number] : run.members;
        const collated = encoder.collate(
          members.map((index) => items[index] as Item),
          1,
          run.length === null ? undefined : members.map(() => run.length as number),
        );
        const { vectors } = await engine.run(
          await program(collated.key, collated.groups, weights),
          collated.feeds,
          weights,
        );
        const values = (vectors as { data: Float32Array }).data;
        run.members.forEach((index, i) => {
          const row = collated.place[i] as number;
          data.set(values.subarray(row * dimension, (row + 1) * dimension), index * dimension);
        });
        done += run.members.length;
        progress?.({ stage: "encode", done, total: items.length });
      }
      return { data, rows: items.length, dimension };
    },
    async release() {
      for (const compiled of programs.values()) await engine.release(await compiled);
      programs.clear();
    },
  };
}

interface Run {
  readonly members: number[];
  /** Padded length of every member; null where nothing is padded. */
  readonly length: number | null;
}

function planRuns<Item>(items: readonly Item[], lengthOf: ((item: Item) => number) | null): Run[] {
  const runs: Run[] = [];
  if (lengthOf === null) {
    for (let start = 0; start < items.length; start += ITEMS_PER_RUN) {
      const count = Math.min(ITEMS_PER_RUN, items.length - start);
      runs.push({ members: Array.from({ length: count }, (_, i) => start + i), length: null });
    }
    return runs;
  }
  const byLength = new Map<number, number[]>();
  items.forEach((item, index) => {
    // One place more than the text needs, so that a padded place always exists, whatever stands beside it.
    const length = Math.ceil((lengthOf(item) + 1) / LENGTH_STEP) * LENGTH_STEP;
    const members = byLength.get(length);
    if (members === undefined) byLength.set(length, [index]);
    else members.push(index);
  });
  for (const [length, members] of [...byLength].sort(([a], [b]) => a - b)) {
    const most = Math.max(2, Math.floor(PLACES_PER_RUN / length));
    for (let start = 0; start < members.length; start += most)
      runs.push({ members: members.slice(start, start + most), length });
  }
  return runs;
}
