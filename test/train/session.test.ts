import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { loadData } from "#nearmiss/data/load.js";
import { knownPositives, trainingRows } from "#nearmiss/data/rows.js";
import { ensureDev } from "#nearmiss/data/splits.js";
import type { Engine, HostTensor } from "#nearmiss/engine/types.js";
import type { PoolRecord } from "#nearmiss/negatives/records.js";
import { resolveConfig, type TrainConfigInput } from "#nearmiss/train/config.js";
import { prepareSession, type Session } from "#nearmiss/train/session.js";
import { emptyFolder, jsonl, makePairs, run, shortStatic, withEngine, writeData } from "./small.js";

let data = "";
beforeAll(() => {
  data = writeData(emptyFolder());
});

/** A session on the data of the file, as a run makes it. */
async function withSession<T>(config: TrainConfigInput, use: (session: Session, engine: Engine) => Promise<T>) {
  const warnings = collectWarnings();
  const resolved = resolveConfig({ ...shortStatic, data, ...config });
  const read = ensureDev(await loadData(resolved.data), resolved.devSplit);
  return withEngine(async (engine) =>
    use(await prepareSession({ config: resolved, data: read, engine, warnings, progress: () => {} }), engine),
  );
}

const readRecords = (file: string): PoolRecord[] =>
  gunzipSync(readFileSync(file))
    .toString("utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as PoolRecord);

const floats = (tensor: HostTensor | undefined): number[] => [...((tensor?.data ?? []) as Float32Array)];

test("an update of several micro-batches moves the weights by the mean of their gradients", async () => {
  const plain: TrainConfigInput = {
    optimiser: "sgd",
    learningRate: 5,
    schedule: "constant",
    warmup: 0,
    maxNorm: null,
    sampler: "in-batch",
  };
  const after = (accumulate: number, step: number) =>
    withSession({ ...plain, accumulate }, async ({ trainer, plan }, engine) => {
      const read = async () => floats((await engine.read(trainer.weights)).get("embedding.weight"));
      const start = await read();
      const { loss } = await trainer.update(step, plan, null);
      return { loss, moved: (await read()).map((value, i) => value - (start[i] as number)) };
    });
  const [both, first, second] = [await after(2, 0), await after(1, 0), await after(1, 1)];
  expect(both.loss).toBeCloseTo((first.loss + second.loss) / 2, 6);
  both.moved.forEach((value, i) => {
    expect(Math.abs(value - ((first.moved[i] as number) + (second.moved[i] as number)) / 2)).toBeLessThan(1e-6);
  });
  expect(Math.max(...both.moved.map(Math.abs))).toBeGreaterThan(1e-2);
});

test("each epoch takes every row once, but for those that fit no batch, and is known to the plan", async () => {
  await withSession({ batchSize: 16, accumulate: 4, sampler: "in-batch" }, async ({ trainer, plan }) => {
    expect(trainer.epochs(0, 0)).toEqual({ first: 0, last: 0 });
    const epochs = [];
    for (let step = 0; step < 12; step++) epochs.push((await trainer.update(step, plan, null)).epoch);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
    const crossing = epochs.findIndex((epoch, step) => trainer.epochs(step, step).last > epoch);
    expect(crossing).toBeGreaterThan(0);
    expect(trainer.epochs(crossing, crossing)).toEqual({ first: 0, last: 1 });
    // Asked again, and in any order, the same.
    expect(trainer.epochs(0, crossing)).toEqual({ first: 0, last: 1 });
    expect(trainer.epochs(0, 0)).toEqual({ first: 0, last: 0 });
  });
});

describe("a round", () => {
  const cases: readonly (readonly [string, TrainConfigInput])[] = [
    ["simans", { sampler: "simans" }],
    ["top-k", { sampler: "top-k" }],
    ["random", { sampler: "random", depth: 5 }],
    ["shifted-top-k", { sampler: "shifted-top-k", samplerParams: { shift: 4 } }],
    ["a strict filter", { sampler: "simans", filters: ["perc-pos=0.7"], count: 4 }],
    ["filled up from the corpus", { sampler: "simans", filters: ["perc-pos=0.7"], count: 4, short: "fill" }],
    ["short queries left out", { sampler: "top-k", filters: ["perc-pos=0.7"], count: 4, short: "skip" }],
  ];
  test.each(cases)("draws what its file says, on each visit, and never a known positive: %s", async (_, config) => {
    await withSession(config, async (session) => {
      const file = join(emptyFolder(), "round-0000.jsonl.gz");
      const epochs = session.trainer.epochs(7, 23);
      expect(epochs).toEqual({ first: 0, last: 2 });
      const request = { file, round: 0, step: 7, last: 23 };
      const built = await session.openRound({ ...request, mayBuild: true });
      const read = await session.openRound({ ...request, mayBuild: false });
      const content = await loadData(data);
      const positives = knownPositives(content, ["train"]);
      const rows = new Map(trainingRows(content, "train").map((row) => [row.queryId, row]));
      const records = readRecords(file);
      expect(records.length).toBeGreaterThan(10);
      let total = 0;
      const orders = new Set<string>();
      for (const { query, candidates } of records) {
        const row = rows.get(query.id);
        if (row === undefined) throw new Error(`no row of query ${query.id}`);
        const visits = [0, 1, 2].map((epoch) => built.drawn(row, epoch));
        expect([0, 1, 2].map((epoch) => read.drawn(row, epoch))).toEqual(visits);
        for (const ids of visits) {
          expect(ids.length).toBeLessThanOrEqual(config.count ?? shortStatic.count);
          expect(new Set(ids).size).toBe(ids.length);
          for (const id of ids) expect(positives.get(query.id)?.has(id)).toBe(false);
        }
        const all = visits.flat();
        for (const { id, drawn, rejected } of candidates) {
          expect(all.filter((one) => one === id)).toHaveLength(drawn);
          if (rejected !== null) expect(drawn).toBe(0);
        }
        total += all.length;
        orders.add(
          visits.map((ids) => ids.join()).join(" ") === [0, 0, 0].map(() => visits[0]?.join()).join(" ")
            ? "same"
            : "other",
        );
      }
      expect(built.count).toBe(total);
      expect(built.queries).toBe(records.length);
      if (config.sampler === "simans" && config.count === undefined) expect(orders).toContain("other");
      if (config.short === "fill") expect(total).toBe(records.length * 3 * 4);
      if (config.short === "skip") {
        expect(records.length).toBeLessThan(rows.size);
        const left = [...rows.values()].find((row) => !records.some(({ query }) => query.id === row.queryId));
        if (left !== undefined) expect(built.drawn(left, 0)).toEqual([]);
      }
    });
  });

  test("a broken file is an error with its name", async () => {
    const file = join(emptyFolder(), "round-0000.jsonl.gz");
    await withSession({}, async (session) => {
      await session.openRound({ file, round: 0, step: 7, last: 9, mayBuild: true });
      writeFileSync(file, readFileSync(file).subarray(0, 200));
      await expect(session.openRound({ file, round: 0, step: 7, last: 9, mayBuild: false })).rejects.toMatchObject({
        name: "NearmissError",
        detail: { file },
      });
    });
  });
});

describe("tiny and odd data", () => {
  const file = (records: readonly unknown[]) => {
    const path = join(emptyFolder(), "pairs.jsonl");
    writeFileSync(path, jsonl(records));
    return path;
  };
  const train = (records: readonly unknown[], config: TrainConfigInput = {}) =>
    run({ ...shortStatic, steps: 6, ...config, data: file(records) }, { out: join(emptyFolder(), "run") });

  test("twenty pairs train", async () => {
    const { steps, evaluation } = await train(makePairs(20, 3));
    expect(steps).toBe(6);
    expect(evaluation.data.split).toBe("dev");
  });

  test("three pairs are two to train on and one to evaluate with", async () => {
    const pairs = ["red apple", "blue sky", "green tree"].map((positive) => ({ query: `a ${positive}`, positive }));
    expect((await train(pairs)).steps).toBe(6);
  });

  test("two pairs are too few, since one is held out", async () => {
    const pairs = ["red apple", "blue sky"].map((positive) => ({ query: `a ${positive}`, positive }));
    await expect(train(pairs)).rejects.toMatchObject({ code: "too-few-rows", exitCode: 2 });
  });

  test("queries that share one document cannot stand in a batch", async () => {
    const folder = emptyFolder();
    const same = makePairs(10, 4).map(({ query }) => ({ query, positive: "the only answer" }));
    writeFileSync(join(folder, "train.jsonl"), jsonl(same));
    writeFileSync(join(folder, "dev.jsonl"), jsonl(makePairs(5, 5)));
    const out = join(emptyFolder(), "run");
    await expect(run({ ...shortStatic, data: folder }, { out })).rejects.toMatchObject({ code: "no-batches" });
    // Asked to, they do, without a negative among them.
    const { steps } = await run({ ...shortStatic, data: folder, allowDuplicates: true, steps: 4 }, { out });
    expect(steps).toBe(4);
  });

  test.each(["mnrl", "mnrl-symmetric", "triplet-margin"] as const)(
    "negatives that came with the data are used: %s",
    async (loss) => {
      const pairs = makePairs(60, 6);
      const triplets = pairs.map(({ query, positive }, i) => ({
        query,
        positive,
        negative_1: pairs[(i + 7) % 60]?.positive,
        negative_2: `rarely ${pairs[(i + 11) % 60]?.positive}`,
      }));
      const path = file(triplets);
      await withSession({ data: path, loss, sampler: "in-batch", batchSize: 8 }, async ({ trainer, plan }) => {
        const report = await trainer.update(0, plan, null);
        expect(report.documents).toBeGreaterThan(8 * 2);
        expect(report.loss).toBeGreaterThan(0);
      });
      const { steps } = await run({ ...shortStatic, data: path, loss, steps: 8 }, { out: join(emptyFolder(), "run") });
      expect(steps).toBe(8);
    },
  );

  test("a dev split without a judged query is refused", async () => {
    const folder = emptyFolder();
    const pairs = makePairs(20, 8);
    const documents = pairs.map(({ positive }, i) => ({ _id: `d${i}`, title: "", text: positive }));
    const queries = pairs.map(({ query }, i) => ({ _id: `q${i}`, text: query }));
    writeFileSync(join(folder, "corpus.jsonl"), jsonl(documents));
    writeFileSync(join(folder, "queries.jsonl"), jsonl(queries));
    const qrels = (grade: number) => ["query-id\tcorpus-id\tscore", ...queries.map((_, i) => `q${i}\td${i}\t${grade}`)];
    mkdirSync(join(folder, "qrels"));
    writeFileSync(join(folder, "qrels/train.tsv"), `${qrels(1).join("\n")}\n`);
    writeFileSync(join(folder, "qrels/dev.tsv"), `${qrels(0).join("\n")}\n`);
    await expect(run({ ...shortStatic, data: folder }, { out: join(emptyFolder(), "run") })).rejects.toMatchObject({
      code: "no-judged-queries",
      exitCode: 2,
    });
  });
});
