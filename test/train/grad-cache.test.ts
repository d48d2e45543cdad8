import { beforeAll, describe, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { loadData } from "#nearmiss/data/load.js";
import { ensureDev } from "#nearmiss/data/splits.js";
import { createInterpreterEngine } from "#nearmiss/engine/interpreter.js";
import type { Engine, HostTensor } from "#nearmiss/engine/types.js";
import { resolveConfig, type TrainConfigInput } from "#nearmiss/train/config.js";
import { prepareSession, type Session } from "#nearmiss/train/session.js";
import { emptyFolder, makePairs, run, shortBert, shortStatic, withEngine, writeData } from "./small.js";

let data = "";
beforeAll(() => {
  data = writeData(emptyFolder());
});

const plain = {
  sampler: "in-batch",
  optimiser: "sgd",
  schedule: "constant",
  warmup: 0,
  maxNorm: null,
  weightDecay: 0,
} as const satisfies TrainConfigInput;

async function session(config: TrainConfigInput, engine: Engine): Promise<Session> {
  const warnings = collectWarnings();
  const resolved = resolveConfig({ data, ...config });
  const read = ensureDev(await loadData(resolved.data), resolved.devSplit);
  return prepareSession({ config: resolved, data: read, engine, warnings, progress: () => {} });
}

/** Loss, norm and how the weights moved in one update of plain SGD: learning rate times gradient. */
async function update(config: TrainConfigInput, threads = 1) {
  return withEngine(async (engine) => {
    const { trainer, plan } = await session(config, engine);
    const before = await engine.read(trainer.weights);
    const report = await trainer.update(0, plan, null);
    const after = await engine.read(trainer.weights);
    const moved = [...after].map(([name, { data }]): [string, number[]] => {
      const from = before.get(name) as HostTensor;
      return [name, [...data].map((value, i) => value - (from.data[i] as number))];
    });
    return { report, moved: new Map(moved), after };
  }, threads);
}

const kinds: readonly (readonly [string, TrainConfigInput])[] = [
  ["static", { ...shortStatic, ...plain, learningRate: 5 }],
  ["static, triplets", { ...shortStatic, ...plain, learningRate: 5, loss: "triplet-margin", margin: 0.5 }],
  ["static, both directions", { ...shortStatic, ...plain, learningRate: 5, loss: "mnrl-symmetric" }],
  ["bert", { ...shortBert, ...plain, learningRate: 0.5, dropout: 0 }],
  ["bert, two batches an update", { ...shortBert, ...plain, learningRate: 0.5, dropout: 0, accumulate: 2 }],
];

describe("the gradient of a cached batch is the whole batch's", () => {
  test.each(kinds)("%s", async (_, config) => {
    const whole = await update(config);
    for (const microBatch of [1, 5, 64]) {
      const cached = await update({ ...config, microBatch });
      const { loss, gradientNorm, ...rest } = cached.report;
      expect(loss).toBeCloseTo(whole.report.loss, 5);
      expect(Math.abs(gradientNorm / whole.report.gradientNorm - 1)).toBeLessThan(1e-5);
      expect(rest.documents).toBe(whole.report.documents);
      expect(Object.keys(rest.telemetry)).toEqual(Object.keys(whole.report.telemetry));
      expect([...cached.moved.keys()]).toEqual([...whole.moved.keys()]);
      for (const [name, moved] of whole.moved) {
        const other = cached.moved.get(name) as number[];
        const size = Math.hypot(...moved);
        expect(Math.hypot(...other.map((value, i) => value - (moved[i] as number)))).toBeLessThan(1e-3 * size + 1e-7);
      }
    }
    // A batch that were only cut would have fewer negatives, and another gradient.
    const small = await update({ ...config, batchSize: 5, accumulate: 1 });
    expect(Math.abs(small.report.loss - whole.report.loss)).toBeGreaterThan(1e-2);
  });
});

test("with dropout, both passes see the same masks: the gradient is that of the loss it reports", async () => {
  const engine = createInterpreterEngine();
  const config = { ...shortBert, ...plain, dropout: 0.2, microBatch: 3, batchSize: 7, seed: 5 };
  const loss = async (at: ReadonlyMap<string, HostTensor> | null) => {
    const { trainer, plan, release } = await session({ ...config, learningRate: 1e-12 }, engine);
    if (at !== null) await engine.write(trainer.weights, at);
    const report = await trainer.update(0, plan, null);
    await release();
    return report.loss;
  };
  const { trainer, plan } = await session({ ...config, learningRate: 1 }, engine);
  const start = await engine.read(trainer.weights);
  expect((await trainer.update(0, plan, null)).loss).toBe(await loss(null));
  const end = await engine.read(trainer.weights);
  const random = rng(3, "directions");
  const direction = new Map([...start].map(([name, { data }]) => [name, Array.from(data, () => random.normal())]));
  const moved = (step: number) =>
    new Map(
      [...start].map(([name, tensor]): [string, HostTensor] => {
        const towards = direction.get(name) as number[];
        return [name, { ...tensor, data: Float64Array.from(tensor.data, (x, i) => x + step * (towards[i] as number)) }];
      }),
    );
  let along = 0;
  for (const [name, { data }] of start) {
    const to = end.get(name) as HostTensor;
    for (const [i, towards] of (direction.get(name) as number[]).entries())
      along += ((data[i] as number) - (to.data[i] as number)) * towards;
  }
  const epsilon = 1e-6;
  const difference = ((await loss(moved(epsilon))) - (await loss(moved(-epsilon)))) / (2 * epsilon);
  expect(Math.abs(along)).toBeGreaterThan(0.01);
  expect(Math.abs(along / difference - 1)).toBeLessThan(1e-5);
});

test("the same bytes for any number of threads, and after an interruption", async () => {
  const config = { ...shortBert, data, batchSize: 24, microBatch: 5, steps: 7, checkpointEvery: 2 } as const;
  const [one, two] = [await update(config, 1), await update(config, 2)];
  expect(two.report).toEqual(one.report);
  for (const [name, { data }] of one.after) expect(two.after.get(name)?.data).toEqual(data);

  const [whole, broken] = [`${emptyFolder()}/run`, `${emptyFolder()}/run`];
  await run(config, { out: whole });
  const stop = new AbortController();
  const interrupted = run(config, {
    out: broken,
    signal: stop.signal,
    progress: ({ stage, done }) => {
      if (stage === "train" && done === 5) stop.abort();
    },
  });
  await expect(interrupted).rejects.toMatchObject({ code: "interrupted" });
  const resumed = await run(config, { out: broken, resume: true });
  expect(resumed.fingerprint).toBe((await run(config, { out: whole, resume: true })).fingerprint);
});

test("a batch may be larger than the data", async () => {
  expect(makePairs(240, 1).length).toBe(240);
  const { report } = await update({ ...shortStatic, ...plain, learningRate: 1, batchSize: 4096, microBatch: 32 });
  expect(report.documents).toBeGreaterThan(100);
});
