import { checkLoss } from "../engine/step.js";
import type { Feeds, HostTensor } from "../engine/types.js";
import type { Collated } from "../nn/encoder.js";
import { type BatchLayout, pairFeeds } from "./batch.js";
import { cachedSpecs } from "./program.js";
import { compiledOnce, type Stepper, type StepperParts, withEqualGroups } from "./stepper.js";

/** The texts of a batch and which of them are encoded together. */
interface DealtTexts<Item> {
  readonly texts: readonly Item[];
  readonly hands: readonly (readonly number[])[];
}

/** What the graph of the loss gives. */
type Compared = Readonly<Record<string, HostTensor>> & { readonly cotangents: HostTensor };

/** A batch as feeds: of each micro-batch, and of the loss over all its vectors. */
interface CachedBatch {
  readonly microBatches: readonly Feeds[];
  /** Rows of vectors before each micro-batch's; the last entry is their number. */
  readonly starts: readonly number[];
  readonly pairs: Feeds;
}

/**
 * Gradient caching (Gao et al. 2021): a batch of any size in the memory of a few rows. First all texts are encoded, a micro-batch at a time, and
 * the loss is differentiated by their vectors; then each micro-batch is encoded again with the same dropout masks, and its cotangents are
 * taken back to the parameters. The gradient is the whole batch's.
 */
export function gradCache<Item>(parts: StepperParts<Item>, rowsAtOnce: number): Stepper<BatchLayout> {
  const { learner, encoder, loss } = parts;
  const { engine, weights, optimiser } = learner;
  const { dimension } = encoder;
  const programs = compiledOnce(async (options) => {
    const { encode, compare, backward } = cachedSpecs(encoder, loss, options, learner.lossParameters);
    return {
      encode: await engine.compile(encode),
      compare: await engine.compile(compare),
      backward: await engine.compile(backward),
    };
  }, parts.dropout);

  return {
    prepare(layouts) {
      const dealt = layouts.map((layout) => deal(layout, rowsAtOnce, parts));
      const hands = dealt.flatMap((batch) => batch.hands.map((hand) => hand.map((i) => batch.texts[i] as Item)));
      const collated = withEqualGroups((most) => hands.map((texts) => encoder.collate(texts, most)));
      const left = [...collated];
      const batches = layouts.map((layout, i) => {
        const batch = dealt[i] as DealtTexts<Item>;
        return cachedBatch(layout, batch, left.splice(0, batch.hands.length));
      });
      return async ({ dropout, ...settings }) => {
        const { encode, compare, backward } = await programs(collated[0]);
        const outputs: Readonly<Record<string, HostTensor>>[] = [];
        const microBatches: Feeds[] = [];
        for (const { microBatches: cut, starts, pairs } of batches) {
          const length = (starts.at(-1) as number) * dimension;
          const all = engine.kind === "interpreter" ? new Float64Array(length) : new Float32Array(length);
          for (const [i, feeds] of cut.entries()) {
            const key = dropout && { ...dropout, microBatch: microBatches.length + i };
            const { vectors } = await engine.run(encode, feeds, weights, key);
            all.set(vectors?.data as typeof all, (starts[i] as number) * dimension);
          }
          const given = { ...pairs, vectors: rows(all, dimension) };
          const { cotangents, ...scalars } = (await engine.run(compare, given, weights)) as Compared;
          checkLoss(scalars);
          outputs.push(scalars);
          // The update takes the mean over batches, and the sum over what each was cut into.
          const shares = (cotangents.data as typeof all).map((value) => value / batches.length);
          for (const [i, feeds] of cut.entries()) {
            const own = shares.subarray((starts[i] as number) * dimension, (starts[i + 1] as number) * dimension);
            microBatches.push({ ...feeds, cotangents: rows(own, dimension) });
          }
        }
        const key = dropout === undefined ? {} : { dropout };
        const request = { program: backward, weights, optimiser, microBatches, reduction: "sum" } as const;
        const { gradientNorm } = await engine.step({ ...request, ...settings, ...key });
        return { outputs, gradientNorm };
      };
    },
  };
}

/** Deals a batch's texts like cards, in the order of their lengths: all hands are about equally large, and so is the memory of each. */
function deal<Item>(
  { rows, columns }: BatchLayout,
  rowsAtOnce: number,
  { items, lengthOf }: StepperParts<Item>,
): DealtTexts<Item> {
  const texts = [...rows.map((row) => items.query(row.queryId)), ...columns.map(items.document)];
  const length = (text: number) => lengthOf?.(texts[text] as Item) ?? 0;
  const order = Array.from(texts.keys()).sort((a, b) => length(b) - length(a) || a - b);
  const count = Math.ceil(rows.length / rowsAtOnce);
  return { texts, hands: Array.from({ length: count }, (_, hand) => order.filter((_, i) => i % count === hand)) };
}

function cachedBatch(
  layout: BatchLayout,
  { texts, hands }: DealtTexts<unknown>,
  collated: readonly Collated[],
): CachedBatch {
  const starts = [0];
  const place = new Int32Array(texts.length);
  hands.forEach((hand, h) => {
    const start = starts[h] as number;
    hand.forEach((text, i) => {
      place[text] = start + (collated[h]?.place[i] as number);
    });
    starts.push(start + hand.length);
  });
  return { microBatches: collated.map(({ feeds }) => feeds), starts, pairs: pairFeeds(layout, place) };
}

function rows(data: Float32Array | Float64Array, dimension: number): HostTensor {
  return { dtype: "float32", shape: [data.length / dimension, dimension], data };
}
