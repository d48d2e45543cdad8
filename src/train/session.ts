import { existsSync } from "node:fs";
import { workError } from "../base/errors.js";
import type { RetrievalData } from "../base/types.js";
import { type TrainConfig, trainsCrossEncoder } from "./config.js";
import { crossEncoderTask } from "./cross-encoder-task.js";
import type { TrainingData } from "./kinds.js";
import { labelledTask } from "./labelled-task.js";
import { mlmTask } from "./mlm-task.js";
import type { DrawnNegatives } from "./pair-rows.js";
import { planSteps, type StepPlan } from "./plan.js";
import { type RetrievalTask, retrievalTask } from "./retrieval-task.js";
import { scoredTask } from "./scored-task.js";
import type { Round, RoundRequest, Task, TaskOptions } from "./task.js";
import { createTrainer, type Trainer } from "./trainer.js";

/** Everything of a run that lives in memory: the task, what makes its updates, the plan. */
export interface Session<Drawn = DrawnNegatives, T extends Task<Drawn> = Task<Drawn>> {
  readonly task: T;
  readonly trainer: Trainer<Drawn>;
  readonly plan: StepPlan;
  openRound(request: Omit<RoundRequest, "epochs">): Promise<Round<Drawn>>;
  release(): Promise<void>;
}

/** Checks the options against the data, reads or makes the model, and lays out the steps. */
export function prepareSession(options: TaskOptions<RetrievalData>): Promise<Session<DrawnNegatives, RetrievalTask>>;
export function prepareSession(options: TaskOptions<TrainingData>): Promise<Session<unknown>>;
export async function prepareSession(options: TaskOptions<TrainingData>): Promise<Session<unknown>> {
  const { data, config } = options;
  if (config.loss === "mlm") return sessionOf(await mlmTask(options), config);
  if (trainsCrossEncoder(config)) return sessionOf(await crossEncoderTask(options), config);
  switch (data.kind) {
    case "retrieval":
      return sessionOf(await retrievalTask({ ...options, data }), config);
    case "labelled":
      return sessionOf(await labelledTask({ ...options, data }), config);
    case "scored":
      return sessionOf(await scoredTask({ ...options, data }), config);
  }
}

function sessionOf<Drawn, T extends Task<Drawn>>(task: T, config: TrainConfig): Session<Drawn, T> {
  const trainer = createTrainer<Drawn>(task, config);
  const plan = planSteps({
    ...config,
    // A pool that no weights change is built once, before the first step.
    ...(task.poolStays === true ? { mineFrom: 0, refreshEvery: Number.MAX_SAFE_INTEGER } : {}),
    stepsPerEpoch: trainer.stepsPerEpoch,
    evaluateEvery: config.evalEvery,
    mined: task.mined,
  });
  return {
    task,
    trainer,
    plan,
    async openRound(request) {
      const { file, step, last, mayBuild } = request;
      if (!mayBuild && (file === null || !existsSync(file))) {
        throw workError("missing-round", "the negatives of the round in force are gone", {
          ...(file === null ? {} : { file }),
          hint: `remove the checkpoints after step ${step} to build them again`,
        });
      }
      return task.openRound({ ...request, epochs: trainer.epochs(step, last) });
    },
    release: () => task.learner.release(),
  };
}
