import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readSafetensors } from "#nearmiss/base/safetensors.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import type { TrainConfigInput } from "#nearmiss/train/config.js";
import { openMetricsLog } from "#nearmiss/train/metrics-log.js";
import {
  comparable,
  emptyFolder,
  fileStates,
  filesOf,
  jsonl,
  makePairs,
  run,
  shortBert,
  shortStatic,
  writeData,
} from "./small.js";

let data = "";
let finished = "";
beforeAll(async () => {
  data = writeData(emptyFolder());
  finished = join(emptyFolder(), "run");
  await run({ ...shortStatic, data }, { out: finished });
});

const metrics = (out: string) => openMetricsLog(join(out, "metrics.jsonl")).read();

test("a run folder holds what the contract names", () => {
  const names = filesOf(finished);
  expect(names).toEqual(expect.arrayContaining(["manifest.json", "config.json", "metrics.jsonl"]));
  expect(names.filter((name) => name.startsWith("negatives/"))).toEqual([
    "negatives/round-0000.jsonl.gz",
    "negatives/round-0001.jsonl.gz",
  ]);
  const records = metrics(finished);
  const steps = (kind: string) => records.filter((record) => record.kind === kind).map(({ step }) => step);
  expect(steps("step")).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
  expect(steps("evaluation")).toEqual([0, 6, 12, 18, 24]);
  expect(steps("refresh")).toEqual([7, 16]);
});

test("the same command gives the same files", async () => {
  const out = join(emptyFolder(), "run");
  await run({ ...shortStatic, data }, { out, threads: 2 });
  const strip = (files: Record<string, string>) => ({ ...files, "manifest.json": "names its folder" });
  expect(strip(comparable(out))).toEqual(strip(comparable(finished)));
});

describe("a folder in use", () => {
  test("is not trained into without --resume", async () => {
    const before = fileStates(finished);
    await expect(run({ ...shortStatic, data }, { out: finished })).rejects.toMatchObject({
      code: "run-exists",
      exitCode: 2,
    });
    expect(fileStates(finished)).toEqual(before);
  });

  test("that is finished is left to the byte, and its result given again", async () => {
    const before = fileStates(finished);
    const again = await run({ ...shortStatic, data }, { out: finished, resume: true });
    expect(fileStates(finished)).toEqual(before);
    expect(again).toEqual(JSON.parse(readFileSync(join(finished, "manifest.json"), "utf8")).result);
  });

  test.each([
    ["learningRate", { learningRate: 0.06 }],
    ["filters", { filters: [] }],
    ["seed", { seed: 2 }],
  ])("is not resumed with another %s", async (field, other) => {
    const before = fileStates(finished);
    await expect(run({ ...shortStatic, data, ...other }, { out: finished, resume: true })).rejects.toMatchObject({
      code: "resume-mismatch",
      exitCode: 2,
      detail: { field },
    });
    expect(fileStates(finished)).toEqual(before);
  });

  test("that is a file, or lies below one, is refused", async () => {
    const file = join(emptyFolder(), "file");
    writeFileSync(file, "");
    for (const out of [file, join(file, "run")]) {
      await expect(run({ ...shortStatic, data }, { out })).rejects.toMatchObject({ code: "bad-output", exitCode: 2 });
    }
  });

  test("that holds anything a run would write, though no run began there, is not touched", async () => {
    const out = emptyFolder();
    mkdirSync(join(out, "model"));
    writeFileSync(join(out, "model/mine.txt"), "mine");
    await expect(run({ ...shortStatic, data }, { out })).rejects.toMatchObject({ code: "run-exists" });
    await expect(run({ ...shortStatic, data }, { out, resume: true })).rejects.toMatchObject({ code: "broken-run" });
    expect(filesOf(out)).toEqual(["model/mine.txt"]);
  });

  test("whose configuration is broken says so", async () => {
    const out = emptyFolder();
    writeFileSync(join(out, "config.json"), "{");
    await expect(run({ ...shortStatic, data }, { out, resume: true })).rejects.toMatchObject({
      code: "broken-run",
      exitCode: 2,
      detail: { file: join(out, "config.json") },
    });
  });

  test("is replaced with --force, but not before the options are known to be good", async () => {
    const out = join(emptyFolder(), "run");
    cpSync(finished, out, { recursive: true });
    const before = filesOf(out);
    const bad = { ...shortStatic, data, sampler: "top-q" as "top-k" };
    await expect(run(bad, { out, force: true })).rejects.toMatchObject({ code: "unknown-sampler" });
    expect(filesOf(out)).toEqual(before);
    const { steps } = await run({ ...shortStatic, data, steps: 3, sampler: "in-batch" }, { out, force: true });
    expect(steps).toBe(3);
    expect(filesOf(out).filter((name) => name.startsWith("negatives/"))).toEqual([]);
  });
});

/** Trains until so many updates are made, then is stopped by the signal. */
async function interruptAt(step: number, config: TrainConfigInput, out: string): Promise<void> {
  const stop = new AbortController();
  const stopped = run(config, {
    out,
    resume: true,
    signal: stop.signal,
    progress: ({ stage, done }) => {
      if (stage === "train" && done === step) stop.abort();
    },
  });
  await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
  expect(existsSync(join(out, `checkpoints/step-${String(step).padStart(6, "0")}/COMPLETE`))).toBe(true);
}

describe("a run that was stopped goes on to the same bytes", () => {
  const bert = { ...shortBert, patience: 2 } as const;
  const rest = { ...shortStatic, sampler: "random", short: "fill", optimiser: "sparse-adamw" } as const;
  const accumulated = { ...shortStatic, accumulate: 2, steps: 12, mineFrom: 0, schedule: "cosine" } as const;
  test.each([
    ["a static model", shortStatic, [1, 7, 22]],
    ["a transformer with dropout", bert, [6]],
    ["drawn from the corpus, filled up, sparse", rest, [8]],
    ["pools from the first weights, several micro-batches", accumulated, [5]],
  ])("%s", async (_, config, steps) => {
    const whole = emptyFolder();
    const parts = emptyFolder();
    // The same relative names, so that what is written can be equal.
    const options = { ...config, data };
    await run(options, { out: join(whole, "run") });
    for (const step of steps) await interruptAt(step, options, join(parts, "run"));
    await run(options, { out: join(parts, "run"), resume: true });
    const strip = (files: Record<string, string>, folder: string) => ({
      ...files,
      "manifest.json": files["manifest.json"]?.replaceAll(folder, ""),
    });
    expect(strip(comparable(join(parts, "run")), parts)).toEqual(strip(comparable(join(whole, "run")), whole));
  });
});

/** The finished run as a kill may have left it: a copy without its end. */
function killedAt(step: number): string {
  const out = join(emptyFolder(), "run");
  cpSync(finished, out, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8")) as object;
  writeFileSync(join(out, "manifest.json"), JSON.stringify({ ...manifest, finished: false, result: null }));
  for (const name of ["model", "evaluation.json"]) rmSync(join(out, name), { recursive: true });
  if (step < 24) rmSync(join(out, "checkpoints/step-000024"), { recursive: true });
  return out;
}

const withoutManifest = (out: string) => ({ ...comparable(out), "manifest.json": "names its folder" });

test("what a killed run was about to write is taken away", async () => {
  const out = killedAt(20);
  for (const name of ["negatives/.round-0001.jsonl.gz.17.partial", ".metrics.jsonl.17.partial"]) {
    writeFileSync(join(out, name), "half");
  }
  for (const name of [".model.17.partial", ".model.17.partial.replaced", "checkpoints/.step-24.partial"]) {
    mkdirSync(join(out, name));
    writeFileSync(join(out, name, "weights.safetensors"), "half");
  }
  writeFileSync(join(out, "metrics.jsonl"), '{"kind":"ste', { flag: "a" });
  await run({ ...shortStatic, data }, { out, resume: true });
  expect(withoutManifest(out)).toEqual(withoutManifest(finished));
});

test("a run killed after its last step trains no more", async () => {
  const out = killedAt(24);
  const stages: string[] = [];
  await run({ ...shortStatic, data }, { out, resume: true, progress: ({ stage }) => stages.push(stage) });
  expect(stages).not.toContain("train");
  expect(withoutManifest(out)).toEqual(withoutManifest(finished));
});

test("without a complete checkpoint a run starts over", async () => {
  const out = killedAt(20);
  rmSync(join(out, "checkpoints"), { recursive: true });
  await run({ ...shortStatic, data }, { out, resume: true });
  expect(withoutManifest(out)).toEqual(withoutManifest(finished));
});

test("a round in force that is gone is named", async () => {
  const out = killedAt(20);
  rmSync(join(out, "negatives/round-0001.jsonl.gz"));
  await expect(run({ ...shortStatic, data }, { out, resume: true })).rejects.toMatchObject({
    code: "missing-round",
    exitCode: 1,
  });
});

test("a run is not continued on other data", async () => {
  const folder = writeData(emptyFolder());
  const options = { ...shortStatic, data: folder };
  const out = join(emptyFolder(), "run");
  await interruptAt(9, options, out);
  const before = fileStates(out);
  writeFileSync(join(folder, "train.jsonl"), jsonl(makePairs(241, 1)));
  await expect(run(options, { out, resume: true })).rejects.toMatchObject({
    code: "data-changed",
    exitCode: 2,
    detail: { file: folder },
  });
  expect(fileStates(out)).toEqual(before);
});

test("a run is not continued from another model", async () => {
  const model = join(emptyFolder(), "model");
  cpSync(join(finished, "model"), model, { recursive: true });
  const options = { ...shortStatic, data, model };
  const out = join(emptyFolder(), "run");
  await interruptAt(9, options, out);
  const weights = join(model, "model.safetensors");
  const bytes = readFileSync(weights);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 2) ^ 1, bytes.length - 2);
  writeFileSync(weights, bytes);
  await expect(run(options, { out, resume: true })).rejects.toMatchObject({
    code: "model-changed",
    exitCode: 2,
    detail: { file: model },
  });
});

test("the weights that were best on the dev split become the model", async () => {
  const out = join(emptyFolder(), "run");
  // A rate that wrecks the model after a good start.
  const options = { ...shortStatic, data, warmup: 0, learningRate: 0.02, schedule: "constant", steps: 12 } as const;
  const { best } = await run({ ...options, metric: "recall@20", patience: 1, evalEvery: 1 }, { out });
  const evaluations = metrics(out).filter((record) => record.kind === "evaluation");
  const values = evaluations.map(({ measures }) => measures["recall@20"] ?? 0);
  expect(best).toMatchObject({ step: values.lastIndexOf(Math.max(...values)), value: Math.max(...values) });
  const read = (file: string) => readSafetensors(join(out, file)).get("embedding.weight")?.data;
  const kept = `checkpoints/step-${String(best.step).padStart(6, "0")}/weights.safetensors`;
  expect(read("model/model.safetensors")).toEqual(read(kept));
});

test("a loss that is not finite is named, and the checkpoint before it is whole", async () => {
  const out = join(emptyFolder(), "run");
  const options = { ...shortBert, data, learningRate: 1e30, warmup: 0 } as const;
  await expect(run(options, { out })).rejects.toMatchObject({ code: "non-finite", exitCode: 1 });
  const checkpoints = filesOf(join(out, "checkpoints"));
  expect(checkpoints).toContain("step-000000/COMPLETE");
  const engine = await createEngine({ threads: 1 });
  const weights = await engine.loadFile(join(out, "checkpoints/step-000000/weights.safetensors"));
  for (const { data: values } of (await engine.read(weights)).values())
    expect(values.every(Number.isFinite)).toBe(true);
  await engine.close();
});

test.each([["ndcg@10,mrr@10"], [" ndcg@10"]])(
  "the metric %j is refused: one measure chooses the best",
  async (metric) => {
    await expect(run({ ...shortStatic, data, metric }, { out: join(emptyFolder(), "run") })).rejects.toMatchObject({
      code: "bad-config",
      detail: { field: "metric" },
    });
  },
);
