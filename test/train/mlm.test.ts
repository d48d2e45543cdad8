import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { maskedLanguageModelOf, readModelFolder, type TransformerDescription } from "#nearmiss/checkpoint/index.js";
import { resolveConfig, type TrainConfigInput } from "#nearmiss/train/config.js";
import { openMetricsLog } from "#nearmiss/train/metrics-log.js";
import { createMasking } from "#nearmiss/train/mlm-masks.js";
import { maskedTexts } from "#nearmiss/train/mlm-texts.js";
import { trainRun } from "#nearmiss/train/train.js";
import { loadTrainingData } from "#nearmiss/train/training-data.js";
import { comparable, emptyFolder, run, shortStatic, withEngine, writeData } from "./small.js";

const tiny = {
  ...{ loss: "mlm", dimension: 16, layers: 1, heads: 2, intermediate: 32, maxLength: 24, vocabularySize: 300 },
  ...{ batchSize: 16, learningRate: 5e-3, steps: 40, evalEvery: 20, checkpointEvery: 7, dropout: 0.1 },
} as const satisfies TrainConfigInput;

const metrics = (out: string) => openMetricsLog(join(out, "metrics.jsonl")).read();
const dev = (out: string) => metrics(out).flatMap((record) => (record.kind === "evaluation" ? [record.measures] : []));

let data = "";
let finished = "";
let perplexities: readonly number[] = [];
beforeAll(async () => {
  data = writeData(emptyFolder(), 120);
  finished = join(emptyFolder(), "run");
  const { evaluation } = await run({ ...tiny, data }, { out: finished });
  perplexities = evaluation.systems.map(({ measures }) => measures["perplexity"]!.mean);
});

test("masks fall on 15 % of the tokens, by 80, 10 and 10, never on special ones, anew at each visit", () => {
  const special = new Set([0, 1, 2, 3]);
  const mask = createMasking({
    share: 0.15,
    masked: 0.8,
    replaced: 0.1,
    maskId: 3,
    special,
    vocabularySize: 50,
    seed: 7,
  });
  const ids = Int32Array.from({ length: 202 }, (_, i) => (i === 0 ? 1 : i === 201 ? 2 : 4 + ((i * 7) % 46)));
  const counts = { chosen: 0, masked: 0, kept: 0, replaced: 0 };
  for (let visit = 0; visit < 200; visit++) {
    const { ids: now, labels } = mask({ ids }, "train", visit, 0)!;
    expect([labels[0], labels[201], now[0], now[201]]).toEqual([-1, -1, 1, 2]);
    labels.forEach((label, i) => {
      expect(label < 0 ? now[i] : label).toBe(ids[i]);
      if (label < 0) return;
      counts.chosen++;
      if (now[i] === 3) counts.masked++;
      else if (now[i] === ids[i]) counts.kept++;
      else counts.replaced++;
    });
  }
  expect(counts.chosen / 40_000).toBeCloseTo(0.15, 2);
  expect(counts.masked / counts.chosen).toBeCloseTo(0.8, 1);
  // Of the replaced ones, one in 46 is by chance what it was.
  expect(counts.replaced / counts.chosen).toBeCloseTo(0.1, 1);
  expect(counts.kept / counts.chosen).toBeCloseTo(0.1, 1);
  expect(mask({ ids }, "train", 5, 0)).toEqual(mask({ ids }, "train", 5, 0));
  expect(mask({ ids }, "train", 5, 0)).not.toEqual(mask({ ids }, "train", 6, 0));
  expect(mask({ ids: Int32Array.of(1, 2) }, "train", 0, 0)).toBeNull();
  // However short a text is, something is guessed.
  expect(mask({ ids: Int32Array.of(1, 9, 2) }, "train", 0, 0)!.labels[1]).toBe(9);
});

test("texts stand in one part each, whatever the data are", async () => {
  const retrieval = await loadTrainingData({ data, columns: {} }, collectWarnings());
  const { train, dev: held, test: last } = maskedTexts(retrieval);
  const all = [...train, ...held, ...last];
  expect(new Set(all).size).toBe(all.length);
  expect(held.length).toBe(Math.round(all.length / 20));
  expect(last.length).toBe(held.length);
});

test("guessing is learnt, and told as perplexity", () => {
  const [model, untrained] = perplexities as [number, number];
  expect(model).toBeLessThan(untrained / 1.3);
  const first = dev(finished)[0]!;
  expect(first["perplexity"]).toBeCloseTo(Math.exp(-first["log-likelihood"]!), 6);
  // From nothing every one of the tokens is about as probable.
  expect(first["log-likelihood"]).toBeCloseTo(-Math.log(300), 0);
});

test("the folder keeps its head, and training goes on where it ended", async () => {
  const folder = (await readModelFolder(join(finished, "model"), collectWarnings())) as TransformerDescription;
  expect([...maskedLanguageModelOf(folder).parameters.keys()]).toContain("cls.predictions.transform.dense.weight");
  expect(JSON.parse(folder.configText!)).toMatchObject({ architectures: ["BertForMaskedLM"] });
  expect(folder.places.get("embeddings.word_embeddings.weight")!.tensor).toBe("bert.embeddings.word_embeddings.weight");
  const out = join(emptyFolder(), "run");
  const warnings = collectWarnings();
  await run({ ...tiny, data, model: join(finished, "model"), steps: 2, evalEvery: 2 }, { out, warnings });
  const best = Math.max(...dev(finished).map((measures) => measures["log-likelihood"]!));
  expect(dev(out)[0]!["log-likelihood"]).toBeCloseTo(best, 5);
  expect(warnings.list().map(({ code }) => code)).not.toContain("fresh-head");
});

test("the folder is an encoder to train further, with its beginning still known", async () => {
  const out = join(emptyFolder(), "run");
  const { evaluation } = await run(
    { ...shortStatic, data, model: join(finished, "model"), sampler: "in-batch", steps: 2, learningRate: 1e-4 },
    { out },
  );
  expect(evaluation.systems.map(({ name }) => name)).toEqual(["model", "bm25", "tf-idf", "untrained"]);
});

test("an encoder without a head gets one, and says so", async () => {
  const encoder = join(emptyFolder(), "run");
  await run(
    { ...shortStatic, ...tiny, loss: "mnrl", model: "bert", data, sampler: "in-batch", steps: 2 },
    { out: encoder },
  );
  const warnings = collectWarnings();
  const out = join(emptyFolder(), "run");
  await run({ ...tiny, data, model: join(encoder, "model"), steps: 2, evalEvery: 2 }, { out, warnings });
  expect(warnings.list().map(({ code }) => code)).toContain("fresh-head");
});

test("a run that was stopped goes on to the same bytes", async () => {
  const [whole, parts] = [emptyFolder(), emptyFolder()];
  const config = { ...tiny, data, steps: 12, evalEvery: 5 };
  const out = join(parts, "run");
  await run(config, { out: join(whole, "run") });
  const stop = new AbortController();
  const progress = ({ stage, done }: { stage: string; done: number }) => {
    if (stage === "train" && done === 8) stop.abort();
  };
  await expect(run(config, { out, signal: stop.signal, progress })).rejects.toMatchObject({ code: "interrupted" });
  await run(config, { out, resume: true });
  const strip = (files: Record<string, string>, folder: string) => ({
    ...files,
    "manifest.json": files["manifest.json"]?.replaceAll(folder, ""),
  });
  expect(strip(comparable(out), parts)).toEqual(strip(comparable(join(whole, "run")), whole));
});

test("labelled texts will do; pictures, static models and other measures will not", async () => {
  const labelled = join(emptyFolder(), "items.csv");
  writeFileSync(
    labelled,
    `text,label\n${Array.from({ length: 12 }, (_, i) => `item ${i} of these,${i % 2}\n`).join("")}`,
  );
  const train = (config: TrainConfigInput) =>
    withEngine((engine) =>
      trainRun({
        out: join(emptyFolder(), "run"),
        engine,
        config: resolveConfig(
          { ...tiny, data: labelled, vocabularySize: 100, steps: 2, batchSize: 4, ...config },
          "labelled",
        ),
      }),
    );
  expect((await train({})).evaluation.data.kind).toBe("texts");
  await expect(train({ model: "static" })).rejects.toMatchObject({ code: "wrong-model" });
  await expect(train({ metric: "map@r" })).rejects.toMatchObject({ code: "unknown-measure" });
  await expect(train({ lossParams: { masked: 0.8, replaced: 0.5 } })).rejects.toMatchObject({ code: "bad-option" });
});
