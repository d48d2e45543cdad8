import { setImmediate } from "node:timers/promises";
import { inputError } from "../base/errors.js";
import type { RetrievalData } from "../base/types.js";
import { batchSampler } from "../data/batches.js";
import { type KnownPositives, knownPositives, type TrainingRow, trainingRows } from "../data/rows.js";
import { schedule } from "../engine/schedule.js";
import type { Engine, HostTensor, Optimiser, StepResult, Weights } from "../engine/types.js";
import type { Loss } from "../losses/types.js";
import type { TextEncoder } from "../nn/encoder.js";
import { layOutBatch } from "./batch.js";
import type { TrainConfig } from "./config.js";
import { gradCache } from "./grad-cache.js";
import type { StepPlan } from "./plan.js";
import { type StepSettings, wholeBatches } from "./stepper.js";
import type { TokenSource } from "./token-source.js";

/** What an update told. */
export interface StepReport {
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  /** Documents encoded for it: positives and distinct negatives. */
  readonly documents: number;
  readonly telemetry: Readonly<Record<string, number>>;
}

/** The negatives in force: for the row's visit in this epoch, ids of documents. */
export type DrawnNegatives = (row: TrainingRow, epoch: number) => readonly string[];

export interface Trainer {
  readonly encoder: TextEncoder;
  readonly weights: Weights;
  readonly optimiser: Optimiser;
  readonly stepsPerEpoch: number;
  /** Rows that no batch of the first epoch took. */
  readonly leftOut: number;
  /** The first and the last epoch whose rows the updates `step` … `last` take. */
  epochs(step: number, last: number): { readonly first: number; readonly last: number };
  /** Makes update number `step` (counted from 0): a function of its arguments, the weights and the optimiser alone. */
  update(step: number, plan: StepPlan, drawn: DrawnNegatives | null): Promise<StepReport>;
}

export interface TrainerParts {
  readonly engine: Engine;
  readonly encoder: TextEncoder;
  readonly weights: Weights;
  readonly optimiser: Optimiser;
  readonly data: RetrievalData;
  readonly split: string;
  readonly tokens: TokenSource;
  readonly loss: Loss<"pairs">;
  readonly config: TrainConfig;
}

/** Puts the parts of training together: batches, graph, optimiser. Knows nothing of files. */
export function createTrainer(parts: TrainerParts): Trainer {
  const { encoder, weights, optimiser, config } = parts;
  const known = knownPositives(parts.data, [parts.split]);
  const batches = batchSource(parts, known);
  const ways = { ...parts, dropout: config.dropout };
  const stepper = config.microBatch === null ? wholeBatches(ways) : gradCache(ways, config.microBatch);
  let ahead: {
    readonly step: number;
    readonly drawn: DrawnNegatives | null;
    readonly batch: Promise<PreparedBatch>;
  } | null = null;
  return {
    encoder,
    weights,
    optimiser,
    stepsPerEpoch: Math.max(1, Math.floor(batches.perEpoch / config.accumulate)),
    leftOut: batches.leftOut,
    epochs: (step, last) => ({
      first: batches.at(step * config.accumulate).epoch,
      last: batches.at((last + 1) * config.accumulate - 1).epoch,
    }),
    async update(step, plan, drawn) {
      const prepared = ahead?.step === step && ahead.drawn === drawn ? ahead.batch : prepare(step, drawn);
      const { epoch, documents, run } = await prepared;
      const learningRate = config.learningRate * schedule(config.schedule, plan.warmupSteps, plan.total)(step);
      const running = run({
        learningRate,
        ...(config.maxNorm === null ? {} : { maxNorm: config.maxNorm }),
        ...(config.dropout > 0 ? { dropout: { seed: config.seed, step } } : {}),
      });
      // The next batch is made while the engine works; where other negatives come into force, nothing is made in vain.
      const next = step + 1;
      ahead = null;
      if (next < plan.total && !plan.refreshes.includes(next)) {
        ahead = { step: next, drawn, batch: prepare(next, drawn) };
        // A failure is the next update's to report.
        ahead.batch.catch(() => undefined);
      }
      const result = await running;
      const { loss: value = 0, ...telemetry } = meanScalars(result.outputs);
      return { epoch, loss: value, learningRate, gradientNorm: result.gradientNorm, documents, telemetry };
    },
  };

  /** What update number `step` feeds: a function of its arguments alone. Lets other work pass in between. */
  async function prepare(step: number, drawn: DrawnNegatives | null): Promise<PreparedBatch> {
    const micro = Array.from({ length: config.accumulate }, (_, i) => batches.at(step * config.accumulate + i));
    const layouts = micro.map((batch) => {
      const negatives = (row: TrainingRow) => [...(row.negativeIds ?? []), ...(drawn?.(row, batch.epoch) ?? [])];
      const some = batch.rows.some((row) => negatives(row).length > 0);
      return layOutBatch(batch.rows, negatives, known, some ? parts.loss.scope : "batch");
    });
    for (const { rows, columns } of layouts) {
      await inTurns(rows, (row) => parts.tokens.query(row.queryId));
      await inTurns(columns, parts.tokens.document);
    }
    return {
      epoch: micro[0]?.epoch ?? 0,
      documents: layouts.reduce((sum, layout) => sum + layout.columns.length, 0),
      run: stepper.prepare(layouts),
    };
  }
}

/** What one update runs, and what its report says of it. */
interface PreparedBatch {
  readonly epoch: number;
  readonly documents: number;
  readonly run: (settings: StepSettings) => Promise<StepResult>;
}

/** Calls for each item, and lets the event loop go on after every few: tokenising a large batch takes long. */
async function inTurns<T>(items: readonly T[], visit: (item: T) => void): Promise<void> {
  for (const [i, item] of items.entries()) {
    visit(item);
    if (i % 64 === 63) await setImmediate();
  }
}

/** The endless sequence of batches, epoch after epoch. */
function batchSource({ data, split, tokens, config, encoder }: TrainerParts, knownPositives: KnownPositives) {
  const rows = trainingRows(data, split);
  if (rows.length < 2) {
    throw inputError("too-few-rows", "training needs at least two pairs of a query and a relevant document", {
      file: data.source,
      found: `${rows.length} in the split ${split}`,
    });
  }
  // Grouping by length saves padding; a static encoder has none.
  const length = (row: TrainingRow) =>
    tokens.query(row.queryId).ids.length + tokens.document(row.positiveId).ids.length;
  const lengths = encoder.family === "static" ? {} : { lengths: rows.map(length) };
  const { batchSize, seed, allowDuplicates } = config;
  const make = (epoch: number) =>
    batchSampler({ rows, batchSize, seed, epoch, allowDuplicates, knownPositives, ...lengths });
  const first = make(0);
  if (first.batches.length === 0) {
    throw inputError("no-batches", "no two rows can stand in one batch: all share a query or a document", {
      file: data.source,
      hint: "give pairs with different documents, or allow duplicates in a batch",
    });
  }
  // Epochs differ in length, so where one starts is known once those before it were made. Only the last one made is held.
  const starts = [0, first.batches.length];
  let held = { epoch: 0, batches: first.batches };
  const hold = (epoch: number) => {
    if (held.epoch !== epoch) held = { epoch, batches: make(epoch).batches };
    starts[epoch + 1] = (starts[epoch] as number) + held.batches.length;
  };
  const at = (batch: number): { readonly epoch: number; readonly rows: readonly TrainingRow[] } => {
    while ((starts.at(-1) as number) <= batch) hold(starts.length - 1);
    const epoch = starts.findIndex((_, i) => batch < (starts[i + 1] as number));
    hold(epoch);
    return { epoch, rows: held.batches[batch - (starts[epoch] as number)] as readonly TrainingRow[] };
  };
  return { at, perEpoch: first.batches.length, leftOut: first.leftOut.length };
}

/** Means over micro-batches of scalar outputs. */
function meanScalars(outputs: readonly Readonly<Record<string, HostTensor>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const output of outputs) {
    for (const [name, { data }] of Object.entries(output))
      sums[name] = (sums[name] ?? 0) + Number(data[0]) / outputs.length;
  }
  return sums;
}
