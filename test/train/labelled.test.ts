import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { readSafetensors } from "#nearmiss/base/safetensors.js";
import type { LabelledData } from "#nearmiss/base/types.js";
import { collectWarnings, type Warnings } from "#nearmiss/base/warnings.js";
import { loadData } from "#nearmiss/data/load.js";
import { parameter } from "#nearmiss/graph/index.js";
import { defineLoss } from "#nearmiss/losses/define.js";
import { miner } from "#nearmiss/miners/index.js";
import { mlpEncoder } from "#nearmiss/nn/mlp.js";
import { resolveConfig, type TrainConfigInput } from "#nearmiss/train/config.js";
import type { ItemLearner } from "#nearmiss/train/item-learner.js";
import type { TrainingData } from "#nearmiss/train/kinds.js";
import { labelledSpec } from "#nearmiss/train/labelled-program.js";
import type { MetricsRecord } from "#nearmiss/train/metrics-log.js";
import { prepareSession, type Session } from "#nearmiss/train/session.js";
import { type TrainResult, trainRun } from "#nearmiss/train/train.js";
import { makeLabelled, makeScored, shortMlp } from "./labelled.js";
import { comparable, emptyFolder, filesOf, shortStatic, withEngine, writeData } from "./small.js";

const vectors = makeLabelled();
const texts = makeLabelled({ content: "text" });
const scored = makeScored();

const shortTexts = { ...shortMlp, model: "static", vocabularySize: 300, dimension: 16, learningRate: 0.05 } as const;

interface Options {
  readonly data?: TrainingData;
  readonly out?: string;
  readonly resume?: boolean;
  /** The update after which the run is stopped. */
  readonly stopAt?: number;
  readonly warnings?: Warnings;
}

async function run(config: TrainConfigInput, { data = vectors, out, resume = true, stopAt, warnings }: Options = {}) {
  const stop = new AbortController();
  return withEngine((engine) =>
    trainRun({
      out: out ?? join(emptyFolder(), "run"),
      config: resolveConfig(config, data.kind),
      dataset: data,
      engine,
      resume,
      ...(warnings === undefined ? {} : { warnings }),
      signal: stop.signal,
      progress: ({ stage, done }) => {
        if (stage === "train" && done === stopAt) stop.abort();
      },
    }),
  );
}

async function withSession<T>(
  config: TrainConfigInput,
  data: TrainingData,
  use: (session: Session<unknown>) => Promise<T>,
) {
  return withEngine(async (engine) => {
    const warnings = collectWarnings();
    const resolved = resolveConfig(config, data.kind);
    const session = await prepareSession({ config: resolved, data, engine, warnings, progress: () => {} });
    return use(session);
  });
}

const logOf = (out: string): MetricsRecord[] =>
  readFileSync(join(out, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as MetricsRecord);

describe("labelled items", () => {
  const cases: readonly (readonly [string, TrainConfigInput, TrainingData])[] = [
    ["vectors, a loss over whole batches", { ...shortMlp, loss: "multi-similarity" }, vectors],
    ["vectors, a linear head", { ...shortMlp, loss: "supcon", hidden: [] }, vectors],
    ["pictures", { ...shortMlp, loss: "triplet-margin" }, makeLabelled({ content: "pixels" })],
    ["texts", { ...shortTexts, loss: "supcon" }, texts],
    ["several labels an item", { ...shortMlp, loss: "supcon" }, makeLabelled({ shared: true })],
    ["a loss with parameters of classes", { ...shortMlp, loss: "proxy-anchor" }, vectors],
    ["a loss over pairs", { ...shortMlp, loss: "mnrl" }, vectors],
    ["a miner", { ...shortMlp, loss: "triplet-margin", miner: "facenet-semi-hard" }, vectors],
    ["a miner that draws", { ...shortMlp, loss: "margin", miner: "distance-weighted" }, vectors],
    ["a memory", { ...shortMlp, loss: "supcon", memory: 40 }, vectors],
    [
      "mined over the whole split",
      { ...shortMlp, loss: "triplet-margin", mine: "semi-hard", refreshEvery: 20 },
      vectors,
    ],
  ];
  test.each(cases)("are learnt: %s", async (_, config, data) => {
    const out = join(emptyFolder(), "run");
    const { evaluation, best, steps } = await run({ ...config, steps: 60, evalEvery: 30 }, { data, out });
    expect(steps).toBe(60);
    expect(best.metric).toBe("map@r");
    const [model, untrained] = evaluation.systems;
    expect([model?.kind, untrained?.kind]).toEqual(["model", "untrained"]);
    expect(model?.measures["map@r"]?.mean ?? 0).toBeGreaterThan((untrained?.measures["map@r"]?.mean ?? 1) + 0.03);
    for (const name of ["precision@1", "r-precision", "map@r", "mrr", "recall@10", "nmi"])
      expect(model?.measures).toHaveProperty([name]);
    const step = logOf(out).find((record) => record.kind === "step");
    expect(step).toMatchObject({ step: 1, epoch: 0, encoded: expect.any(Number) as number });
  });

  test("what the loss learns stands in checkpoints and not in the model", async () => {
    const out = join(emptyFolder(), "run");
    await run({ ...shortMlp, loss: "proxy-anchor" }, { out });
    const names = (file: string) => [...readSafetensors(join(out, file)).keys()];
    expect(names("checkpoints/step-000018/weights.safetensors")).toContain("loss.proxies");
    expect(names("model/model.safetensors").filter((name) => name.startsWith("loss."))).toEqual([]);
  });

  test("what the loss learns has a learning rate of its own", async () => {
    const moves = (lossLearningRate: number) =>
      withSession({ ...shortMlp, loss: "proxy-anchor", lossLearningRate, warmup: 0 }, vectors, async (session) => {
        const { engine, weights } = session.task.learner;
        const read = async (name: string) =>
          [...((await engine.read(weights, [name])).get(name)?.data ?? [])].map(Number);
        const [proxies, layer] = [await read("loss.proxies"), await read("layers.0.weight")];
        await session.trainer.update(0, session.plan, null);
        const moved = (before: readonly number[], now: readonly number[]) =>
          Math.max(...now.map((x, i) => Math.abs(x - (before[i] as number))));
        return [moved(proxies, await read("loss.proxies")), moved(layer, await read("layers.0.weight"))] as const;
      });
    const [still, plain, fast] = [await moves(0), await moves(1), await moves(10)];
    expect(still[0]).toBe(0);
    expect(fast[0] / plain[0]).toBeCloseTo(10, 3);
    expect(fast[1]).toBe(plain[1]);
  });

  test("every batch holds its classes, and an epoch takes every item once", async () => {
    await withSession({ ...shortMlp, loss: "supcon" }, vectors, async ({ task, plan }) => {
      const epoch = Array.from({ length: plan.stepsPerEpoch }, (_, i) => task.batches.at(i).batch as { id: string }[]);
      const ids = epoch.flat().map(({ id }) => id);
      expect([...ids].sort()).toEqual([...(vectors.splits.get("train") ?? [])].sort());
    });
  });

  test("a loss over pairs gets N pairs of N classes, and 2 N rows are encoded", async () => {
    await withSession({ ...shortMlp, loss: "mnrl", batchSize: 5 }, vectors, async ({ task, trainer, plan }) => {
      const batch = task.batches.at(0).batch as { labels: readonly string[] }[];
      const classes = batch.map(({ labels }) => labels[0]);
      expect(classes.filter((_, i) => i % 2 === 0)).toEqual(classes.filter((_, i) => i % 2 === 1));
      expect(new Set(classes).size).toBe(5);
      expect((await trainer.update(0, plan, null)).encoded).toBe(10);
    });
  });
});

describe("scored pairs", () => {
  test.each(["cosine-similarity-mse", "cosent"] as const)("are learnt by %s", async (loss) => {
    const config = { ...shortTexts, loss, steps: 60, evalEvery: 20 };
    const { evaluation, best } = await run(config, { data: scored });
    expect(best.metric).toBe("spearman");
    const [model, untrained] = evaluation.systems;
    expect(model?.measures["spearman"]?.n).toBe(60);
    expect(model?.measures["pearson"]?.mean ?? 0).toBeGreaterThan(untrained?.measures["pearson"]?.mean ?? 1);
  });
});

describe("a run that was stopped goes on to the same bytes", () => {
  test.each([
    ["a network with a miner that draws", { ...shortMlp, loss: "margin", miner: "distance-weighted" }, vectors],
    ["proxies, several micro-batches", { ...shortMlp, loss: "proxy-anchor", accumulate: 2 }, vectors],
    ["a memory", { ...shortMlp, loss: "supcon", memory: 30, memoryFrom: 2 }, vectors],
    ["mined over the whole split", { ...shortTexts, loss: "triplet-margin", mine: "hardest", refreshEvery: 6 }, texts],
    ["pairs of labelled texts", { ...shortTexts, loss: "mnrl" }, texts],
    ["scored pairs", { ...shortTexts, loss: "cosent" }, scored],
  ] as const)("%s", async (_, config, data) => {
    const [whole, parts] = [emptyFolder(), emptyFolder()];
    await run(config, { data, out: join(whole, "run") });
    for (const stopAt of [1, 8, 14])
      await expect(run(config, { data, out: join(parts, "run"), stopAt })).rejects.toMatchObject({
        code: "interrupted",
      });
    await run(config, { data, out: join(parts, "run") });
    const strip = (folder: string) => {
      const files = comparable(join(folder, "run"));
      return { ...files, "manifest.json": files["manifest.json"]?.replaceAll(folder, "") };
    };
    expect(strip(parts)).toEqual(strip(whole));
    expect(filesOf(join(whole, "run")).some((name) => name.endsWith("memory.safetensors"))).toBe("memory" in config);
  });
});

test.each([
  [{ miner: "batch-hard" }, "miner"],
  [{ batches: "balanced" }, "batches"],
  [{ mine: "hardest" }, "mine"],
  [{ memory: 5 }, "memory"],
  [{ model: "mlp" }, "model"],
] as const)("queries with documents, and scored pairs, refuse %j", async (given, field) => {
  const pairs = await loadData(writeData(emptyFolder()));
  for (const data of [pairs, scored]) {
    const config = { ...shortStatic, data: "made", sampler: "in-batch", ...given } as const;
    await expect(run({ ...config, loss: data.kind === "scored" ? "cosent" : "mnrl" }, { data })).rejects.toMatchObject({
      exitCode: 2,
      detail: { field },
    });
  }
});

describe("what makes no sense together is refused", () => {
  const refused: readonly (readonly [string, TrainConfigInput, TrainingData, object])[] = [
    ["a loss for scored pairs", { ...shortMlp, loss: "cosent" }, vectors, { code: "wrong-loss" }],
    ["a loss over triplets on scored pairs", { ...shortTexts, loss: "triplet-margin" }, scored, { code: "wrong-loss" }],
    [
      "a miner for a loss over pairs",
      { ...shortMlp, loss: "mnrl", miner: "batch-hard" },
      vectors,
      { detail: { field: "miner" } },
    ],
    [
      "a memory for a loss over classes",
      { ...shortMlp, loss: "arcface", memory: 9 },
      vectors,
      { detail: { field: "memory" } },
    ],
    ["a corpus for labelled items", { ...shortMlp, sampler: "simans" }, vectors, { detail: { field: "sampler" } }],
    ["a text model for vectors", { ...shortTexts }, vectors, { code: "wrong-model" }],
    ["a network for texts", { ...shortMlp }, texts, { code: "wrong-model" }],
    [
      "other batches than pairs for a loss over pairs",
      { ...shortMlp, loss: "mnrl", batches: "balanced" },
      vectors,
      { detail: { field: "batches" } },
    ],
    [
      "more pairs than classes",
      { ...shortMlp, loss: "mnrl", batchParams: { pairs: 9 } },
      vectors,
      { code: "too-few-classes" },
    ],
    [
      "triplets for a loss over whole batches",
      { ...shortMlp, loss: "supcon", mine: "hardest" },
      vectors,
      { detail: { field: "mine" } },
    ],
    [
      "a way to mine that is not known",
      { ...shortMlp, loss: "mnrl", mine: "hardest", mineParams: { positive: "any" } },
      vectors,
      { code: "bad-option" },
    ],
    [
      "several labels for a loss over classes",
      { ...shortMlp, loss: "arcface" },
      makeLabelled({ shared: true }),
      { code: "several-labels" },
    ],
    ["a measure of retrieval", { ...shortMlp, metric: "ndcg@10" }, vectors, { code: "unknown-measure" }],
  ];
  test.each(refused)("%s", async (_, config, data, error) => {
    await expect(run(config, { data })).rejects.toMatchObject({ name: "NearmissError", exitCode: 2, ...error });
  });

  test("a wrong loss is told which ones fit", async () => {
    const error: unknown = await run({ ...shortMlp, loss: "cosent" }).catch((reason: unknown) => reason);
    expect((error as Error).message).toMatch(/it takes scored.*multi-similarity/);
    expect((error as Error).message).not.toMatch(/cosine-embedding/);
  });
});

test("a miner is refused where the loss never looks at what it chose", () => {
  const blind = defineLoss({
    name: "blind",
    options: z.strictObject({}),
    build: { labelled: ({ embeddings }) => ({ loss: embeddings.square().mean(), telemetry: {} }) },
  }).create();
  const encoder = mlpEncoder({ inputs: 3, layers: [2] });
  const parameters = () => parameter("none", []);
  const step = { encoder, loss: blind, parameters, singleLabels: true, memory: false };
  const options = { groups: 1, dropout: 0, attentionDropout: 0 };
  expect(labelledSpec({ ...step, miner: null }, options).outputs["loss"]?.shape).toEqual([]);
  expect(() => labelledSpec({ ...step, miner: miner("batch-hard") }, options)).toThrow(/blind .*nothing to mine/);
});

test("a vector that is not finite is named by its item", async () => {
  const items = new Map(vectors.items);
  const bad = vectors.splits.get("train")?.[7] as string;
  items.set(bad, {
    ...(vectors.items.get(bad) as NonNullable<unknown>),
    id: bad,
    labels: ["class 1"],
    vector: new Float32Array(12).fill(Number.NaN),
  });
  const data: LabelledData = { ...vectors, items };
  await expect(run({ ...shortMlp, loss: "triplet-margin", batchSize: 48 }, { data })).rejects.toMatchObject({
    code: "non-finite",
    exitCode: 1,
    detail: { field: bad },
  });
});

test("a network that nearmiss wrote is where the next run begins", async () => {
  const out = join(emptyFolder(), "run");
  await run(shortMlp, { out });
  expect(existsSync(join(out, "model/onnx/model.onnx"))).toBe(true);
  const { evaluation } = await run({ ...shortMlp, model: join(out, "model"), steps: 2 });
  const before = JSON.parse(readFileSync(join(out, "evaluation.json"), "utf8")) as { result: typeof evaluation };
  const trained = before.result.systems[0]?.measures["map@r"]?.mean;
  expect(evaluation.systems[1]?.measures["map@r"]?.mean).toBeCloseTo(trained ?? 0, 9);
});

describe("every step tells what its triplets are like", () => {
  test("in the loss's own distance, as a slow loop has it", async () => {
    const config = { ...shortMlp, loss: "triplet-margin", lossParams: { metric: "l2" }, batchSize: 12 } as const;
    await withSession(config, vectors, async ({ task, trainer, plan }) => {
      const batch = task.batches.at(0).batch as { id: string; labels: readonly string[] }[];
      const { data, dimension } = await (task.learner as ItemLearner).vectors(batch.map(({ id }) => id));
      const row = (i: number) => [...data.subarray(i * dimension, (i + 1) * dimension)];
      const distance = (i: number, j: number) => Math.hypot(...row(i).map((x, k) => x - (row(j)[k] as number)));
      const counts = { hard: 0, semiHard: 0, all: 0, positive: 0, negative: 0 };
      for (const [a, one] of batch.entries())
        for (const [p, other] of batch.entries())
          for (const [n, third] of batch.entries()) {
            if (a === p || one.labels[0] !== other.labels[0] || one.labels[0] === third.labels[0]) continue;
            const [near, far] = [distance(a, p), distance(a, n)];
            counts.all++;
            counts.positive += near;
            counts.negative += far;
            if (far <= near) counts.hard++;
            else if (far <= near + 0.2) counts.semiHard++;
          }
      const { telemetry } = await trainer.update(0, plan, null);
      expect(telemetry["hardShare"]).toBeCloseTo(counts.hard / counts.all, 5);
      expect(telemetry["semiHardShare"]).toBeCloseTo(counts.semiHard / counts.all, 5);
      expect(telemetry["activeShare"]).toBeCloseTo((counts.hard + counts.semiHard) / counts.all, 5);
      expect(telemetry["meanPositiveDistance"]).toBeCloseTo(counts.positive / counts.all, 4);
      expect(telemetry["meanNegativeDistance"]).toBeCloseTo(counts.negative / counts.all, 4);
      expect(telemetry["spread"]).toBeGreaterThan(0.1);
    });
  });

  test("for pairs of labelled items too", async () => {
    await withSession({ ...shortMlp, loss: "mnrl" }, vectors, async ({ trainer, plan }) => {
      const { telemetry } = await trainer.update(0, plan, null);
      expect(telemetry["meanMargin"]).toBeCloseTo(
        (telemetry["meanNegativeDistance"] as number) - (telemetry["meanPositiveDistance"] as number),
        5,
      );
      expect(telemetry["inBatchTop1"]).toBeDefined();
    });
  });
});

describe("hardest negatives collapse, semi-hard ones from the same beginning do not", () => {
  const crowded = makeLabelled({ classes: 20, perClass: 15, noise: 0.7 });
  const mined = (window: "all" | "semi-hard") => ({
    ...shortMlp,
    loss: "triplet-margin" as const,
    miner: "facenet-semi-hard" as const,
    minerParams: { window, choose: "nearest", metric: "cosine" },
    learningRate: 0.003,
    hidden: [64],
    batchSize: 80,
    steps: 120,
    evalEvery: 30,
    checkpointEvery: 7,
  });

  const [hard, semiHard] = [join(emptyFolder(), "run"), join(emptyFolder(), "run")];
  const warnings = collectWarnings();
  let collapsed: TrainResult;
  beforeAll(async () => {
    collapsed = await run(mined("all"), { data: crowded, out: hard, warnings });
  });

  test("and the alarm tells while it happens", async () => {
    const sound = await run(mined("semi-hard"), { data: crowded, out: semiHard });
    const alarms = (out: string) => logOf(out).filter((record) => record.kind === "alarm");
    expect(alarms(semiHard)).toEqual([]);
    expect(alarms(hard)).toHaveLength(1);
    const [alarm] = alarms(hard);
    expect(alarm?.lossWhenEqual).toBeCloseTo(0.2, 6);
    const steps = logOf(hard).filter((record) => record.kind === "step");
    const at = steps.filter(({ step }) => step >= (alarm?.since ?? 0) && step <= (alarm?.step ?? 0));
    expect(at).toHaveLength(5);
    for (const { loss, telemetry } of at) {
      expect(Math.abs(loss - 0.2)).toBeLessThan(0.02);
      expect(telemetry["meanNegativeDistance"]).toBeLessThan(0.02);
    }
    expect(steps[0]?.telemetry["spread"]).toBeGreaterThan(0.7);
    expect(steps.at(-1)?.telemetry["spread"]).toBeLessThan(0.15);
    expect(warnings.list().find(({ code }) => code === "collapse")?.message).toContain(`since step ${alarm?.since}`);
    const quality = (result: TrainResult) => result.evaluation.systems[0]?.measures["map@r"]?.mean ?? 0;
    expect(quality(sound)).toBeGreaterThan(quality(collapsed) + 0.05);
  });

  test("and a run that was stopped in the middle of it gives the same alarm", async () => {
    const parts = join(emptyFolder(), "run");
    const alarm = logOf(hard).find((record) => record.kind === "alarm");
    expect(alarm).toBeDefined();
    const middle = (alarm?.step ?? 0) - 2;
    await expect(run(mined("all"), { data: crowded, out: parts, stopAt: middle })).rejects.toMatchObject({
      code: "interrupted",
    });
    await run(mined("all"), { data: crowded, out: parts });
    expect(comparable(parts)["metrics.jsonl"]).toEqual(comparable(hard)["metrics.jsonl"]);
  });
});

test.each([
  ["N pairs", { loss: "n-pair-mc", batchParams: { pairs: 6 } }, 2 * 6],
  ["N pairs, one versus one", { loss: "n-pair-mc", lossParams: { variant: "ovo" }, batchParams: { pairs: 6 } }, 2 * 6],
  ["N triplets", { loss: "triplet-margin", batches: "pairs", batchParams: { pairs: 6, negatives: 1 } }, 3 * 6],
  ["N tuplets of N + 1", { loss: "n-plus-1-tuplet", batchParams: { pairs: 6, negatives: 5 } }, 7 * 6],
] as const)("%s are as many encoder rows as the paper counts", async (_, config, rows) => {
  await withSession({ ...shortMlp, ...config }, vectors, async ({ trainer, plan }) => {
    for (let step = 0; step < 4; step++) expect((await trainer.update(step, plan, null)).encoded).toBe(rows);
  });
});

test("a size that a way into batches has not is refused", async () => {
  const config = { ...shortMlp, batchParams: { itemPerClass: 4 } };
  await expect(run(config)).rejects.toMatchObject({ code: "bad-option", detail: { field: "itemPerClass" } });
});

test("mined triplets are what the model as it stands finds hardest, and the next steps train on them", async () => {
  const out = join(emptyFolder(), "run");
  const config = { ...shortMlp, loss: "triplet-margin", mine: "hardest", refreshEvery: 9, steps: 18 } as const;
  await run(config, { out });
  const rounds = logOf(out).filter((record) => record.kind === "refresh");
  expect(rounds.map(({ step }) => step)).toEqual([0, 9]);
  const lines = gunzipSync(readFileSync(join(out, "negatives/mined-0000.jsonl.gz")))
    .toString("utf8")
    .trim()
    .split("\n");
  const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(rows).toHaveLength(vectors.splits.get("train")?.length ?? 0);
  await withSession(config, vectors, async ({ task }) => {
    const ids = vectors.splits.get("train") ?? [];
    const { data, dimension } = await (task.learner as ItemLearner).vectors(ids);
    const unit = (id: string) => {
      const row = [...data.subarray(ids.indexOf(id) * dimension, (ids.indexOf(id) + 1) * dimension)];
      return row.map((x) => x / Math.hypot(...row));
    };
    const distance = (a: string, b: string) => 1 - unit(a).reduce((sum, x, i) => sum + x * (unit(b)[i] as number), 0);
    const label = (id: string) => vectors.items.get(id)?.labels[0];
    for (const row of rows.slice(0, 10)) {
      const anchor = row["anchor_id"] as string;
      const others = ids.filter((id) => id !== anchor);
      const same = others.filter((id) => label(id) === label(anchor)).map((id) => distance(anchor, id));
      const other = others.filter((id) => label(id) !== label(anchor)).map((id) => distance(anchor, id));
      expect(row["positive_distance"]).toBeCloseTo(Math.max(...same), 5);
      expect(row["negative_distance"]).toBeCloseTo(Math.min(...other), 5);
    }
  });
});
