import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { workError } from "../base/errors.js";
import { noProgress, type Progress } from "../base/progress.js";
import type { Hits, RetrievalData } from "../base/types.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { splitOf } from "../data/splits.js";
import type { Engine } from "../engine/types.js";
import { judgedQueries } from "../evaluate/per-query.js";
import { retrieve } from "../evaluate/retrieve.js";
import { denseRetriever, type ItemVectors } from "../search/dense.js";
import { OPTIMISER_FILE, WEIGHTS_FILE } from "./checkpoints.js";
import type { TrainConfig } from "./config.js";
import type { DrawnNegatives } from "./pair-rows.js";
import type { RetrievalTask } from "./retrieval-task.js";
import { prepareSession, type Session } from "./session.js";
import type { Round } from "./task.js";

/** One way to choose negatives, continued from the common warm checkpoint. */
export interface Arm {
  readonly name: string;
  readonly sampler: TrainConfig["sampler"];
  readonly samplerParams?: TrainConfig["samplerParams"];
  readonly filters?: readonly string[];
  /** Rows a batch; default that of the configuration. */
  readonly batchSize?: number;
  /** Negatives a row; default that of the configuration. */
  readonly count?: number;
}

/** What one arm led to. */
export interface ArmOutcome {
  readonly name: string;
  readonly hits: ReadonlyMap<string, Hits>;
  /** Pairs of query and drawn negative, with the times drawn, over all rounds. */
  readonly drawn: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Documents encoded in training after the warm checkpoint. */
  readonly documentsRead: number;
  readonly seconds: number;
}

export interface CompareOptions {
  readonly config: TrainConfig;
  readonly data: RetrievalData;
  readonly engine: Engine;
  readonly arms: readonly Arm[];
  /** The split to search at the end. */
  readonly split: string;
  readonly depth?: number;
  readonly warnings?: Warnings;
  readonly progress?: Progress;
  /** Aborting throws `interrupted`. */
  readonly signal?: AbortSignal;
}

/**
 * Trains in-batch up to the step where mining would begin, then continues from that very checkpoint once for each arm, for the same number of
 * further steps. Also searches with the untrained and the warm weights. A controlled comparison: arms differ in their negatives alone.
 */
export async function compareSamplers(
  options: CompareOptions,
): Promise<{ readonly untrained: ArmOutcome; readonly warm: ArmOutcome; readonly arms: readonly ArmOutcome[] }> {
  const { config, data, engine, warnings = collectWarnings(), progress = noProgress } = options;
  const scratch = mkdtempSync(join(tmpdir(), "nearmiss-compare-"));
  const weightsFile = join(scratch, WEIGHTS_FILE);
  const optimiserFile = join(scratch, OPTIMISER_FILE);
  try {
    const session = await prepareSession({
      config: { ...config, sampler: "simans" },
      data,
      engine,
      warnings,
      progress,
    });
    const warmSteps = session.plan.refreshes[0] ?? session.plan.total;
    const beginning = await session.task.learner.untrained();
    const untrained = await outcome("untrained", beginning, options, new Map(), 0, performance.now());
    await beginning.release();
    const started = performance.now();
    for (let step = 0; step < warmSteps; step++) {
      checkAborted(options.signal);
      await session.trainer.update(step, session.plan, null);
      progress({ stage: "warm-up", done: step + 1, total: warmSteps });
    }
    await engine.saveWeights(session.trainer.weights, weightsFile);
    await engine.saveOptimiser(session.trainer.optimiser, optimiserFile);
    const warm = await outcome("warm", session.task.learner.current, options, new Map(), 0, started);
    await session.release();
    const arms: ArmOutcome[] = [];
    for (const arm of options.arms) {
      const armConfig = {
        ...config,
        sampler: arm.sampler,
        samplerParams: arm.samplerParams ?? {},
        filters: [...(arm.filters ?? [])],
        batchSize: arm.batchSize ?? config.batchSize,
        count: arm.count ?? config.count,
      };
      const continued = await prepareSession({ config: armConfig, data, engine, warnings, progress });
      await continued.task.learner.restore(weightsFile, optimiserFile);
      arms.push(await runArm(arm, continued, session.plan, options));
      await continued.release();
    }
    return { untrained, warm, arms };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function runArm(
  arm: Arm,
  session: Session<DrawnNegatives, RetrievalTask>,
  plan: Session["plan"],
  options: CompareOptions,
): Promise<ArmOutcome> {
  const started = performance.now();
  const drawn = new Map<string, Map<string, number>>();
  const first = plan.refreshes[0] ?? plan.total;
  let round: Round<DrawnNegatives> | null = null;
  let documentsRead = 0;
  for (let step = first; step < plan.total; step++) {
    checkAborted(options.signal);
    const index = plan.refreshes.indexOf(step);
    if (index >= 0 && arm.sampler !== "in-batch") {
      const last = (plan.refreshes[index + 1] ?? plan.total) - 1;
      round = await session.openRound({ file: null, round: index, step, last, mayBuild: true });
    }
    const report = await session.trainer.update(step, plan, (row, epoch) => {
      const ids = round?.drawn(row, epoch) ?? [];
      const counts = drawn.get(row.queryId) ?? new Map<string, number>();
      for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
      if (ids.length > 0) drawn.set(row.queryId, counts);
      return ids;
    });
    documentsRead += report.documents ?? 0;
    options.progress?.({
      stage: arm.name,
      done: step + 1 - first,
      total: plan.total - first,
      note: `loss ${report.loss.toFixed(4)}`,
    });
  }
  return outcome(arm.name, session.task.learner.current, options, drawn, documentsRead, started);
}

async function outcome(
  name: string,
  source: ItemVectors,
  { data, split, depth = 100 }: CompareOptions,
  drawn: ArmOutcome["drawn"],
  documentsRead: number,
  started: number,
): Promise<ArmOutcome> {
  const seconds = (performance.now() - started) / 1000;
  const retriever = await denseRetriever(name, source, data.documents.values());
  const hits = await retrieve(retriever, data, judgedQueries(splitOf(data, split)), depth);
  return { name, hits, drawn, documentsRead, seconds };
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw workError("interrupted", "the comparison was stopped; it keeps no checkpoints");
}
