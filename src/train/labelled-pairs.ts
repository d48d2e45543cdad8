import { rng } from "../base/rng.js";
import type { Label } from "../base/types.js";
import type { Feeds, ProgramSpec, StepResult } from "../engine/types.js";
import type { Loss } from "../losses/types.js";
import type { Labelled } from "../miners/relations.js";
import { type BatchLayout, relationFeeds } from "./batch.js";
import type { TrainConfig } from "./config.js";
import type { ItemLearner } from "./item-learner.js";
import type { MinedRows } from "./labelled-round.js";
import { ownNegatives } from "./own-negatives.js";
import { layOutRows } from "./pair-rows.js";
import { pairBatchOf } from "./program.js";
import { pairStep, type StepSettings, wholeBatches } from "./stepper.js";
import { equalRows, withTelemetry } from "./telemetry.js";

/** How the batches of one update of labelled items are made and run. */
export interface LabelledStepper {
  /** `first` is the place of the first batch among all. */
  prepare(batches: readonly (readonly Labelled[])[], first: number, mined: MinedRows | null): PreparedBatches;
  /** The loss of this batch where all its vectors are equal. */
  whenEqual(batch: readonly Labelled[]): Promise<number>;
}

export interface PreparedBatches {
  /** Rows through the encoder. */
  readonly encoded: number;
  readonly run: (settings: StepSettings) => Promise<StepResult>;
}

/**
 * Rows anchor, positive, anchor, positive … as pairs, with `negatives` of its own drawn for each; where a positive and a negative were mined for an
 * anchor, they take the place of these. Items that share a label are never negatives of each other.
 */
export function pairsOfLabels(
  learner: ItemLearner,
  loss: Loss<"pairs">,
  train: readonly Labelled[],
  negatives: number,
  { dropout, seed }: TrainConfig,
): LabelledStepper {
  const byLabel = new Map<Label, Labelled[]>();
  for (const item of train) for (const label of item.labels) byLabel.set(label, [...(byLabel.get(label) ?? []), item]);
  const sameClass = (labels: readonly Label[]) =>
    new Set(labels.flatMap((label) => (byLabel.get(label) ?? []).map(({ id }) => id)));
  const itself = (id: string) => id;
  const step = pairStep(learner, learner.encoder, withTelemetry(loss), { query: itself, document: itself });
  const stepper = wholeBatches(learner, dropout, step);
  const layOut = (items: readonly Labelled[], place: number, mined: MinedRows | null): BatchLayout => {
    const anchors = items.filter((_, i) => i % 2 === 0);
    const drawn = ownNegatives(anchors, items, byLabel, negatives, rng(seed, "own-negatives", place));
    const rows = anchors.map(({ id }, i) => {
      const own = mined?.get(id);
      return {
        queryId: id,
        positiveId: own?.positive ?? items[2 * i + 1]?.id ?? id,
        negativeIds: own === undefined ? (drawn[i] ?? []) : [own.negative],
      };
    });
    const known = new Map(anchors.map(({ id, labels }) => [id, sameClass(labels)]));
    return layOutRows(rows, 0, null, known, loss.scope, () => 1 / train.length);
  };
  return {
    prepare(batches, first, mined) {
      const layouts = batches.map((items, i) => layOut(items, first + i, mined));
      return {
        encoded: layouts.reduce((sum, { rows, columns }) => sum + rows.length + columns.length, 0),
        run: stepper.prepare(layouts),
      };
    },
    whenEqual(items) {
      const layout = layOut(items, 0, null);
      const { dimension } = learner.encoder;
      const [queries, documents] = [equalRows("rows", dimension), equalRows("columns", dimension)];
      const batch = pairBatchOf(queries.node, documents.node);
      const outputs = { loss: loss.build.pairs(batch, learner.lossParameters).loss };
      const feeds = { rows: queries.feed(layout.rows.length), columns: documents.feed(layout.columns.length) };
      return lossOnce(learner, { outputs }, { ...feeds, ...relationFeeds(layout) });
    },
  };
}

/** The loss of a program that is run once. */
export async function lossOnce({ engine, weights }: ItemLearner, spec: ProgramSpec, feeds: Feeds): Promise<number> {
  const program = await engine.compile(spec);
  const { loss } = await engine.run(program, feeds, weights);
  await engine.release(program);
  return Number(loss?.data[0]);
}
