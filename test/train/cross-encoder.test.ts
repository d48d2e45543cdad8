import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { readCrossEncoder } from "#nearmiss/checkpoint/index.js";
import { openCrossEncoder } from "#nearmiss/encode/cross-encoder.js";
import { evaluate } from "#nearmiss/front/evaluate.js";
import { resolveConfig, type TrainConfigInput } from "#nearmiss/train/config.js";
import { crossEncoderTask } from "#nearmiss/train/cross-encoder-task.js";
import { openMetricsLog } from "#nearmiss/train/metrics-log.js";
import { loadTrainingData } from "#nearmiss/train/training-data.js";
import { comparable, emptyFolder, jsonl, makePairs, run, withEngine, writeData } from "./small.js";

/** A tiny cross-encoder from nothing. */
const tiny = {
  ...{
    model: "cross-encoder",
    dimension: 16,
    layers: 1,
    heads: 2,
    intermediate: 32,
    maxLength: 32,
    vocabularySize: 300,
  },
  ...{ batchSize: 16, learningRate: 5e-3, steps: 40, evalEvery: 20, checkpointEvery: 7, dropout: 0 },
} as const satisfies TrainConfigInput;

/** Wide enough to tell three classes apart soon. */
const wider = { dimension: 64, intermediate: 128, learningRate: 2e-3 } as const;

/** Lists whose right answer is the one that says yes: 24 queries, each with a document that does and two that do not. */
const lists = (count: number, from: number) =>
  Array.from({ length: count }, (_, i) => ({
    query: `question ${from + i}`,
    positive: `topic ${from + i} yes`,
    negative_1: `topic ${from + i} no`,
    negative_2: `topic ${from + i} never`,
  }));

/** Pairs whose score is that of the second text's last word. */
const words = ["bad", "fair", "good"];
const scored = (count: number, from: number, of: readonly number[]) =>
  Array.from({ length: count }, (_, i) => ({
    sentence1: `question ${(from + i) % 17}`,
    sentence2: `answer ${(from + 3 * i) % 13} is ${words[i % of.length]}`,
    score: of[i % of.length],
  }));

function folderOf(make: (count: number, from: number) => readonly unknown[]): string {
  const folder = emptyFolder();
  for (const [split, count, from] of [
    ["train", 48, 0],
    ["dev", 16, 100],
    ["test", 24, 200],
  ] as const)
    writeFileSync(join(folder, `${split}.jsonl`), jsonl(make(count, from)));
  return folder;
}

const metrics = (out: string) => openMetricsLog(join(out, "metrics.jsonl")).read();
const warnings = collectWarnings();

let ofLists = "";
let ofScores = "";
beforeAll(() => {
  ofLists = folderOf(lists);
  ofScores = folderOf((count, from) => scored(count, from, [0, 1, 5]));
});

describe("scored pairs", () => {
  const of = (config: TrainConfigInput, out: string) =>
    withEngine(async (engine) => {
      const { trainRun } = await import("#nearmiss/train/train.js");
      return trainRun({ out, engine, config: resolveConfig({ ...tiny, ...config }, "scored") });
    });

  test.each(["bce-with-logits", "mean-squared-error"] as const)("%s learns to follow the scores", async (loss) => {
    const out = join(emptyFolder(), "run");
    const { evaluation } = await of({ data: ofScores, loss, steps: 160, evalEvery: 80 }, out);
    const [model, untrained] = evaluation.systems;
    expect(evaluation.data).toMatchObject({ kind: "scored", split: "test", queries: 24 });
    expect(model!.measures["spearman"]!.mean).toBeGreaterThan(0.9);
    expect(untrained!.measures["spearman"]!.mean).toBeLessThan(0.6);
    // What eval finds is what training found, of the untrained model too.
    const again = await evaluate({ data: ofScores, model: join(out, "model"), baselines: ["untrained"], threads: 1 });
    expect(again.systems).toEqual(evaluation.systems);
    await withEngine(async (engine) => {
      const scorer = await openCrossEncoder(join(out, "model"), { engine, warnings });
      const [bad, fair, good] = await scorer.scorePairs(words.map((word) => ["question 3", `answer 5 is ${word}`]));
      expect(bad!).toBeLessThan(fair!);
      expect(fair!).toBeLessThan(good!);
      // Scores 0, 1 and 5 became 0, 0.2 and 1.
      expect(good!).toBeGreaterThan(0.5);
      await scorer.release();
    });
  });

  test("classes get a logit each, and accuracy", async () => {
    const data = folderOf((count, from) => scored(count, from, [0, 1, 2]));
    const out = join(emptyFolder(), "run");
    const { evaluation, best } = await of({ ...wider, data, loss: "cross-entropy", steps: 80 }, out);
    expect(best.metric).toBe("accuracy");
    expect(evaluation.systems[0]!.measures["accuracy"]).toMatchObject({ mean: 1, n: 24 });
    expect(evaluation.comparisons).toMatchObject([{ b: "untrained", measure: "accuracy" }]);
    expect(await readCrossEncoder(join(out, "model"), warnings)).toMatchObject({
      classifier: { labels: 3 },
      activation: "identity",
    });
    // It goes on from its folder; other numbers of classes are refused.
    const again = join(emptyFolder(), "again");
    await of({ ...wider, data, model: join(out, "model"), loss: "cross-entropy", steps: 2, learningRate: 1e-6 }, again);
    expect(metrics(again).find(({ kind }) => kind === "evaluation")).toMatchObject({ measures: { accuracy: 1 } });
    await expect(of({ data, model: join(out, "model") }, join(emptyFolder(), "run"))).rejects.toMatchObject({
      code: "wrong-model",
      detail: { found: "3", expected: "1" },
    });
  });

  test("scores that name no class are refused", async () => {
    const data = folderOf((count, from) => scored(count, from, [0, 1.5]));
    await expect(of({ data, loss: "cross-entropy" }, join(emptyFolder(), "run"))).rejects.toMatchObject({
      code: "bad-label",
      detail: { found: "1.5" },
    });
  });
});

describe("lists", () => {
  const ownNegatives = { ...tiny, sampler: "in-batch", count: 2 } as const;

  test("are learnt, and measured as first stage and reranker", async () => {
    const out = join(emptyFolder(), "run");
    const { evaluation } = await run({ ...ownNegatives, data: ofLists, steps: 60 }, { out });
    expect(evaluation.systems.map(({ name, kind }) => [name, kind])).toEqual([
      ["bm25+rerank", "model"],
      ["bm25", "bm25"],
      ["tf-idf", "tf-idf"],
      ["bm25+untrained", "untrained"],
    ]);
    const again = await evaluate({
      ...{ data: ofLists, model: "bm25", rerank: join(out, "model"), baselines: [], threads: 1 },
    });
    const reranked = again.systems.find(({ name }) => name === "bm25+rerank");
    expect(reranked!.measures).toEqual(evaluation.systems[0]!.measures);
    const [model, bm25] = evaluation.systems.map(({ measures }) => measures["hit@1"]!.mean);
    // BM25 cannot tell the three documents of a query apart.
    expect(bm25).toBeLessThan(0.7);
    expect(model).toBeGreaterThan(0.95);
  });

  test.each([
    [
      "multi-positive-listwise",
      (list: readonly number[]) => Math.log(list.reduce((sum, x) => sum + Math.exp(x), 0)) - list[0]!,
    ],
    [
      "bce-with-logits",
      (list: readonly number[]) =>
        list.reduce((sum, x, i) => sum + Math.log1p(Math.exp(i === 0 ? -x : x)), 0) / list.length,
    ],
  ] as const)("the loss %s of the first step is that of a loop over the pairs", async (loss, slow) => {
    const config = resolveConfig({ ...ownNegatives, data: ofLists, loss, batchSize: 48 });
    await withEngine(async (engine) => {
      const data = await loadTrainingData(config, warnings);
      const task = await crossEncoderTask({ config, data, engine, warnings, progress: () => undefined });
      const step = await task.prepare(0, 1, null);
      const { outputs } = await step.run({ learningRate: 0 });
      await task.learner.save(join(emptyFolder(), "model"), {});
      const folder = join(emptyFolder(), "model");
      await task.learner.save(folder, {});
      const scorer = await openCrossEncoder(folder, { engine, warnings });
      const rows = lists(48, 0);
      const pairs = rows.flatMap(({ query, positive, negative_1, negative_2 }) =>
        [positive, negative_1, negative_2].map((document) => [query, document] as const),
      );
      const scores = await scorer.scorePairs(pairs);
      const logits = Array.from(scores, (p) => Math.log(p / (1 - p)));
      const losses = rows.map((_, i) => slow(logits.slice(3 * i, 3 * i + 3)));
      expect(step.counts.encoded).toBe(144);
      expect(outputs[0]!["loss"]!.data[0]).toBeCloseTo(losses.reduce((a, b) => a + b, 0) / 48, 4);
      await scorer.release();
      await task.learner.release();
    });
  });

  test("draw negatives from what BM25 finds, and go on after a stop to the same bytes, dropout included", async () => {
    const data = writeData(emptyFolder(), 60);
    const config = { ...tiny, data, dropout: 0.1, steps: 12, evalEvery: 5, checkpointEvery: 4, depth: 10 } as const;
    const [whole, parts] = [emptyFolder(), emptyFolder()];
    const out = join(parts, "run");
    await run(config, { out: join(whole, "run") });
    for (const step of [3, 8]) {
      const stop = new AbortController();
      const progress = ({ stage, done }: { stage: string; done: number }) => {
        if (stage === "train" && done === step) stop.abort();
      };
      await expect(run(config, { out, resume: true, signal: stop.signal, progress })).rejects.toMatchObject({
        code: "interrupted",
      });
    }
    await run(config, { out, resume: true });
    const strip = (files: Record<string, string>, folder: string) => ({
      ...files,
      "manifest.json": files["manifest.json"]?.replaceAll(folder, ""),
    });
    expect(strip(comparable(out), parts)).toEqual(strip(comparable(join(whole, "run")), whole));
    expect(metrics(out).filter(({ kind }) => kind === "refresh")).toMatchObject([{ step: 0, round: 0 }]);
  });

  test("go on with an encoder's folder under a new head, and with a dense first stage", async () => {
    const data = writeData(emptyFolder(), 60);
    const encoder = join(emptyFolder(), "run");
    const small = { ...tiny, sampler: "in-batch", steps: 3, evalEvery: 3 } as const;
    await run({ ...small, model: "bert", data }, { out: encoder });
    const folder = join(encoder, "model");
    const out = join(emptyFolder(), "run");
    const { evaluation } = await run(
      { ...tiny, data, encoder: folder, firstStage: folder, steps: 3, evalEvery: 3, depth: 10 },
      { out },
    );
    expect(evaluation.systems.map(({ name }) => name)).toEqual([
      "first-stage+rerank",
      "first-stage",
      "bm25",
      "tf-idf",
      "first-stage+untrained",
    ]);
    const manifest = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8"));
    expect(manifest.model.start).toMatchObject({ model: "cross-encoder", encoder: { kind: "folder", path: folder } });
    const { config } = await readCrossEncoder(join(out, "model"), warnings);
    expect(config.hiddenSize).toBe(16);
  });
});

test("what cannot be is refused before anything is written", async () => {
  const labelled = join(emptyFolder(), "items.csv");
  writeFileSync(labelled, "text,label\na,1\nb,1\nc,2\nd,2\n");
  const stat = join(emptyFolder(), "static");
  const pairs = emptyFolder();
  for (const split of ["train", "dev"]) writeFileSync(join(pairs, `${split}.jsonl`), jsonl(makePairs(20, 3)));
  mkdirSync(stat);
  await run({ data: pairs, steps: 2, dimension: 8, sampler: "in-batch", batchSize: 8 }, { out: join(stat, "run") });
  const refused = (config: TrainConfigInput, kind: "retrieval" | "labelled" = "retrieval") =>
    expect(
      withEngine(async (engine) => {
        const { trainRun } = await import("#nearmiss/train/train.js");
        return trainRun({
          out: join(emptyFolder(), "run"),
          engine,
          config: resolveConfig({ ...tiny, ...config }, kind),
        });
      }),
    ).rejects;
  await refused({ data: labelled }, "labelled").toMatchObject({ code: "wrong-data" });
  await refused({ data: pairs, encoder: join(stat, "run/model") }).toMatchObject({ code: "wrong-model" });
  await refused({ data: pairs, sampler: "in-batch" }).toMatchObject({ code: "no-negatives" });
  await refused({ data: pairs, microBatch: 4 }).toMatchObject({ code: "bad-config" });
  await refused({ data: pairs, refreshEvery: 4 }).toMatchObject({ code: "bad-config" });
  await refused({ data: pairs, loss: "mnrl" }).toMatchObject({ code: "wrong-loss" });
});
