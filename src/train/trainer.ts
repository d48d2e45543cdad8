import { setImmediate } from "node:timers/promises";
import { schedule } from "../engine/schedule.js";
import type { HostTensor, Optimiser, Weights } from "../engine/types.js";
import type { TrainConfig } from "./config.js";
import type { DrawnNegatives } from "./pair-rows.js";
import type { StepPlan } from "./plan.js";
import type { PreparedStep, RoundEpochs, StepCounts, Task } from "./task.js";

/** What an update told. */
export interface StepReport extends StepCounts {
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly telemetry: Readonly<Record<string, number>>;
}

export interface Trainer<Drawn = DrawnNegatives> {
  readonly weights: Weights;
  readonly optimiser: Optimiser;
  readonly stepsPerEpoch: number;
  /** The first and the last epoch whose rows the updates `step` … `last` take. */
  epochs(step: number, last: number): RoundEpochs;
  /** Makes update number `step` (counted from 0): a function of its arguments, the weights and the optimiser alone. */
  update(step: number, plan: StepPlan, drawn: Drawn | null): Promise<StepReport>;
}

/** Makes updates of a task's batches. Knows nothing of files. */
export function createTrainer<Drawn>(task: Task<Drawn>, config: TrainConfig): Trainer<Drawn> {
  const { batches, learner } = task;
  const { accumulate } = config;
  const prepare = (step: number, drawn: Drawn | null) => task.prepare(step * accumulate, accumulate, drawn);
  let ahead: { readonly step: number; readonly drawn: Drawn | null; readonly ready: Promise<PreparedStep> } | null =
    null;
  return {
    weights: learner.weights,
    optimiser: learner.optimiser,
    stepsPerEpoch: Math.max(1, Math.floor(batches.perEpoch / accumulate)),
    epochs: (step, last) => ({
      first: batches.at(step * accumulate).epoch,
      last: batches.at((last + 1) * accumulate - 1).epoch,
    }),
    async update(step, plan, drawn) {
      const ready = ahead?.step === step && ahead.drawn === drawn ? ahead.ready : prepare(step, drawn);
      const { epoch, counts, run } = await ready;
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
        // A turn later, so that the engine has its work first.
        ahead = { step: next, drawn, ready: setImmediate().then(() => prepare(next, drawn)) };
        // A failure is the next update's to report.
        ahead.ready.catch(() => undefined);
      }
      const result = await running;
      const { loss = 0, ...telemetry } = meanScalars(result.outputs);
      return { epoch, loss, learningRate, gradientNorm: result.gradientNorm, ...counts, telemetry };
    },
  };
}

/** Means over micro-batches of scalar outputs. */
function meanScalars(outputs: readonly Readonly<Record<string, HostTensor>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const output of outputs) {
    for (const [name, { data, shape }] of Object.entries(output)) {
      if (shape.length === 0) sums[name] = (sums[name] ?? 0) + Number(data[0]) / outputs.length;
    }
  }
  return sums;
}
