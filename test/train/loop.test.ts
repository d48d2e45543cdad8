import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Engine, Optimiser, Weights } from "#nearmiss/engine/types.js";
import { openCheckpoints, type RunState } from "#nearmiss/train/checkpoints.js";
import { type LoopOptions, trainLoop } from "#nearmiss/train/loop.js";
import { cutMetricsLog, openMetricsLog } from "#nearmiss/train/metrics-log.js";
import { planSteps } from "#nearmiss/train/plan.js";
import type { Trainer } from "#nearmiss/train/trainer.js";
import { emptyFolder } from "./small.js";

interface Course {
  readonly run: string;
  /** Value of the metric at the n-th evaluation step. */
  readonly values?: readonly number[];
  readonly patience?: number;
  /** The update after which the signal is raised. */
  readonly stopAt?: number;
  readonly from?: RunState;
}

const plan = planSteps({
  stepsPerEpoch: 10,
  epochs: 2,
  steps: null,
  warmup: 0,
  mineFrom: 0.3,
  refreshEvery: 7,
  evaluateEvery: 4,
  checkpointEvery: 5,
  mined: true,
});

/** The loop with a trainer that only tells what is asked of it. */
async function loop({ run, values = [], patience, stopAt, from }: Course) {
  const events: string[] = [];
  const checkpoints = openCheckpoints(run);
  const stop = new AbortController();
  let step = from?.step ?? 0;
  const options: LoopOptions = {
    engine: {
      saveWeights: async (_: Weights, path: string) => writeFileSync(path, `${step}`),
      saveOptimiser: async (_: Optimiser, path: string) => writeFileSync(path, `${step}`),
    } as unknown as Engine,
    trainer: {
      async update(at, _, drawn) {
        expect(at).toBe(step);
        events.push(`update ${at} ${drawn === null ? "in-batch" : drawn({ queryId: "", positiveId: "" }, 0)[0]}`);
        step++;
        if (step === stopAt) stop.abort();
        return { epoch: 0, loss: 1, learningRate: 1, gradientNorm: 1, documents: 1, telemetry: {} };
      },
    } as Trainer,
    plan,
    state: from ?? { step: 0, best: null, stale: 0 },
    checkpoints,
    log: openMetricsLog(join(run, "metrics.jsonl")),
    evaluate: async () => {
      events.push(`evaluate ${step}`);
      return { "ndcg@10": values[plan.evaluations.indexOf(step)] ?? step };
    },
    devSplit: "dev",
    metric: "ndcg@10",
    patience: patience ?? null,
    refresh: async (round, at, last, mayBuild) => {
      events.push(`round ${round} of ${at}-${last}${mayBuild ? "" : " read"}; saved ${checkpoints.steps().at(-1)}`);
      return { drawn: () => [`round ${round}`], queries: 1, count: 1, rejected: {} };
    },
    progress: () => {},
    signal: stop.signal,
  };
  const end = await trainLoop(options);
  const log = openMetricsLog(join(run, "metrics.jsonl")).read();
  return { end, events, saved: checkpoints.steps(), log: log.map(({ kind, step: at }) => `${kind} ${at}`) };
}

test("a round is drawn from the weights of its step, which are saved first, and takes effect at exactly that step", async () => {
  const { events, end } = await loop({ run: emptyFolder() });
  expect(end.kind).toBe("finished");
  const rounds = events.flatMap((event, i) => (event.startsWith("round") ? [[event, events[i + 1]]] : []));
  expect(rounds).toEqual([
    ["round 0 of 6-12; saved 6", "update 6 round 0"],
    ["round 1 of 13-19; saved 13", "update 13 round 1"],
  ]);
  expect(events.filter((event) => event.endsWith("in-batch"))).toHaveLength(6);
  expect(events.filter((event) => event.startsWith("evaluate"))).toEqual(
    [0, 4, 8, 12, 16, 20].map((step) => `evaluate ${step}`),
  );
});

test("the best and the newest two checkpoints are left", async () => {
  const { saved, end } = await loop({ run: emptyFolder(), values: [0.1, 0.9, 0.2, 0.3, 0.4, 0.5] });
  expect(saved).toEqual([4, 15, 20]);
  expect(end.state).toEqual({ step: 20, best: { step: 4, value: 0.9 }, stale: 4 });
});

test("patience counts evaluations without a better value; equal is not better, but the later of equals is kept", async () => {
  const { saved, end, log } = await loop({ run: emptyFolder(), values: [0.1, 0.5, 0.5, 0.4], patience: 2 });
  expect(end).toEqual({ kind: "stopped-early", state: { step: 12, best: { step: 8, value: 0.5 }, stale: 2 } });
  expect(saved).toEqual([8, 10, 12]);
  expect(log.at(-1)).toBe("evaluation 12");
});

test("a run that gave up stays as it is when it is continued", async () => {
  const run = emptyFolder();
  const course = { run, values: [0.5, 0.4, 0.3], patience: 2 };
  const before = await loop(course);
  const after = await loop({ ...course, from: openCheckpoints(run).read(8) });
  expect(after).toEqual({ ...before, events: [] });
});

test.each([1, 3, 4, 6, 9, 10, 13, 14, 19])(
  "interrupted after update %i, and gone on with, all is as if it had not been",
  async (stopAt) => {
    const values = [0.1, 0.3, 0.2, 0.6, 0.5, 0.55];
    const whole = await loop({ run: emptyFolder(), values });
    const run = emptyFolder();
    const first = await loop({ run, values, stopAt });
    expect(first.end).toMatchObject({ kind: "interrupted", state: { step: stopAt } });
    expect(first.saved.at(-1)).toBe(stopAt);
    cutMetricsLog(join(run, "metrics.jsonl"), stopAt);
    const second = await loop({ run, values, from: openCheckpoints(run).read(stopAt) });
    expect({ ...second, events: [] }).toEqual({ ...whole, events: [] });
    const updates = (events: readonly string[]) => events.filter((event) => event.startsWith("update"));
    expect([...updates(first.events), ...updates(second.events)]).toEqual(updates(whole.events));
  },
);
