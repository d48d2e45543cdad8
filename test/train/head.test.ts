import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import type { RetrievalData, Split } from "#nearmiss/base/types.js";
import { freshMlp } from "#nearmiss/checkpoint/index.js";
import { readNpy } from "#nearmiss/data/npy.js";
import { writeNpy } from "#nearmiss/data/vectors.js";
import { forwardOf } from "#nearmiss/encode/encode.js";
import { createInterpreterEngine } from "#nearmiss/engine/interpreter.js";
import { embed } from "#nearmiss/front/embed.js";
import { evaluate } from "#nearmiss/front/evaluate.js";
import { mlpEncoder } from "#nearmiss/nn/mlp.js";
import type { TrainConfigInput } from "#nearmiss/train/config.js";
import { makeLabelled } from "./labelled.js";
import { emptyFolder, run } from "./small.js";

const SIZE = 12;

/** Queries whose vectors agree with their document's in four of twelve numbers; the others are louder, and say nothing. */
function makeData(seed = 1) {
  const random = rng(seed, "head");
  const vectors = { queries: new Map<string, Float32Array>(), documents: new Map<string, Float32Array>() };
  const splits = new Map<string, Split>();
  for (const [name, count] of [
    ["train", 120],
    ["dev", 40],
    ["test", 40],
  ] as const) {
    const judgements = new Map<string, ReadonlyMap<string, number>>();
    for (let i = 0; i < count; i++) {
      const signal = Array.from({ length: 4 }, () => random.normal());
      const vector = () => Float32Array.from({ length: SIZE }, (_, at) => signal[at] ?? 1.5 * random.normal());
      vectors.queries.set(`q-${name}-${i}`, vector());
      vectors.documents.set(`d-${name}-${i}`, vector());
      judgements.set(`q-${name}-${i}`, new Map([[`d-${name}-${i}`, 1]]));
    }
    splits.set(name, { name, judgements });
  }
  const items = (of: ReadonlyMap<string, unknown>) =>
    new Map([...of.keys()].map((id) => [id, { id, text: `text of ${id}` }]));
  const data: RetrievalData = {
    ...{ kind: "retrieval", format: "made", source: "made", fingerprint: `sha256:head${seed}`, splits },
    ...{ queries: items(vectors.queries), documents: items(vectors.documents) },
  };
  return { data, vectors };
}

const { data, vectors } = makeData();

async function writeVectors(folder: string, of = vectors) {
  const write = async (kind: "queries" | "documents") => {
    const path = join(folder, `${kind}.npy`);
    const rows = [...of[kind]].map(([id, vector]) => ({ id, vector }));
    await writeNpy(path, rows, [rows.length, rows[0]?.vector.length ?? 0]);
    return path;
  };
  return { queries: await write("queries"), documents: await write("documents") };
}

const short = { batchSize: 20, epochs: 20, learningRate: 2e-2, depth: 20 } as const satisfies TrainConfigInput;

const heads: readonly (readonly [string, TrainConfigInput])[] = [
  ["linear", {}],
  ["residual", { hidden: [16] }],
  ["residual", { hidden: [16], microBatch: 8, sampler: "in-batch" }],
];

test.each(heads)(
  "a head (%s, %j) begins with the given vectors and learns what tells in them",
  async (model, options) => {
    const folder = emptyFolder();
    const files = await writeVectors(folder);
    const out = join(folder, "run");
    const result = await run({ ...short, ...options, data: "made", model, vectors: files }, { out, dataset: data });
    const { systems } = result.evaluation;
    expect(systems.map(({ name, kind }) => [name, kind])).toEqual([
      ["model", "model"],
      ["bm25", "bm25"],
      ["tf-idf", "tf-idf"],
      ["vectors", "untrained"],
    ]);
    const [own, , , before] = systems.map(({ measures }) => measures["ndcg@10"]!.mean);
    expect(own).toBeGreaterThan(before! + 0.1);
    // The first evaluation on dev is that of the given vectors.
    const given = { data, vectors: files, baselines: [], threads: 1 } as const;
    const lines = readFileSync(join(out, "metrics.jsonl"), "utf8").trim().split("\n");
    const first = lines.map((line) => JSON.parse(line)).find(({ kind }) => kind === "evaluation");
    const dev = await evaluate({ ...given, split: "dev", measures: "ndcg@10" });
    expect(first).toMatchObject({ step: 0 });
    expect(first.measures["ndcg@10"]).toBeCloseTo(dev.systems[0]!.measures["ndcg@10"]!.mean, 6);
    // What was saved is what was measured.
    const again = await evaluate({ ...given, model: join(out, "model") });
    expect(again.systems.map(({ name }) => name)).toEqual(["model", "vectors"]);
    expect(again.systems.map(({ measures }) => measures)).toEqual([systems[0]?.measures, systems[3]?.measures]);
  },
);

test("a residual network is the row at length √n and what its layers add", async () => {
  const content = { kind: "vector", dimension: 5 } as const;
  const layers = { layers: [7, 5], residual: true } as const;
  const { description, tensors } = freshMlp(content, layers, 3);
  expect([...tensors.get("layers.1.weight")!.data, ...tensors.get("layers.1.bias")!.data].every((x) => x === 0)).toBe(
    true,
  );
  const random = rng(4, "rows");
  const rows = Array.from({ length: 6 }, () => Float32Array.from({ length: 5 }, () => 3 * random.normal()));
  const engine = createInterpreterEngine();
  const encode = async (weights: typeof tensors) =>
    (await forwardOf(engine, mlpEncoder(description.config), null).encode(await engine.load(weights), rows)).data;
  const unit = rows.map((row) => [...row].map((x) => (x * Math.sqrt(5)) / Math.hypot(...row)));
  for (const [i, value] of (await encode(tensors)).entries()) expect(value).toBeCloseTo(unit.flat()[i]!, 5);
  const filled = new Map(
    [...tensors].map(([name, one]) => [name, { ...one, data: one.data.map(() => random.normal()) }]),
  );
  const product = (name: string, row: readonly number[]) => {
    const { data: weight } = filled.get(`${name}.weight`)!;
    const { data: bias } = filled.get(`${name}.bias`)!;
    return [...bias].map((b, o) => row.reduce((sum, x, i) => sum + x * weight[o * row.length + i]!, b));
  };
  const expected = unit.flatMap((row) => {
    const hidden = product("layers.0", row).map((x) => Math.max(0, x));
    return product("layers.1", hidden).map((x, i) => x + row[i]!);
  });
  for (const [i, value] of (await encode(filled)).entries()) expect(value).toBeCloseTo(expected[i]!, 4);
});

test("equal runs give equal bytes; vectors that changed are told when a run goes on", async () => {
  const folder = emptyFolder();
  const files = await writeVectors(folder);
  const config = { ...short, epochs: 2, data: "made", vectors: files };
  const weights = async (out: string) => {
    await run(config, { out, dataset: data });
    return readFileSync(join(out, "model/model.safetensors")).toString("base64");
  };
  expect(await weights(join(folder, "a"))).toBe(await weights(join(folder, "b")));
  const stop = new AbortController();
  const options = { out: join(folder, "c"), dataset: data, signal: stop.signal };
  const stopping = run(config, { ...options, progress: ({ stage }) => stage === "train" && stop.abort() });
  await expect(stopping).rejects.toMatchObject({ code: "interrupted" });
  await writeVectors(folder, makeData(2).vectors);
  await expect(run(config, { ...options, signal: new AbortController().signal, resume: true })).rejects.toMatchObject({
    code: "vectors-changed",
    exitCode: 2,
  });
});

test("a head turns vectors of a file into others", async () => {
  const folder = emptyFolder();
  const files = await writeVectors(folder);
  await run({ ...short, epochs: 1, data: "made", vectors: files }, { out: join(folder, "run"), dataset: data });
  const tuned = { queries: join(folder, "tq.npy"), documents: join(folder, "td.npy") };
  const model = join(folder, "run/model");
  for (const kind of ["queries", "documents"] as const)
    expect(await embed({ model, input: files[kind], output: tuned[kind], threads: 1 })).toMatchObject({
      texts: 200,
      dimension: SIZE,
    });
  // The ONNX file takes the given vectors as they are.
  const session = await InferenceSession.create(join(model, "onnx/model.onnx"));
  const rows = Float32Array.from([...vectors.queries.values()].flatMap((vector) => [...vector]));
  const { embedding } = await session.run({ features: new Tensor("float32", rows, [200, SIZE]) });
  const written = readNpy(tuned.queries).data;
  for (const [i, value] of (embedding!.data as Float32Array).entries()) expect(value).toBeCloseTo(written[i]!, 4);
  const common = { data, baselines: [], measures: "ndcg@10,mrr@10", threads: 1 } as const;
  const [through] = (await evaluate({ ...common, vectors: files, model })).systems;
  const [before] = (await evaluate({ ...common, vectors: tuned })).systems;
  expect(before?.measures).toEqual(through?.measures);
});

test("labelled vectors take heads too, which begin with the vectors as they are", async () => {
  const labelled = makeLabelled();
  const { evaluation } = await run(
    {
      data: "made",
      model: "linear",
      epochs: 20,
      batchSize: 32,
      learningRate: 2e-2,
      loss: "multi-similarity",
      sampler: "in-batch",
      metric: "map@r",
    },
    { out: join(emptyFolder(), "run"), dataset: labelled },
  );
  const raw = await evaluate({ data: labelled, model: "raw", threads: 1 });
  expect(evaluation.systems[1]?.measures["map@r"]?.mean).toBeCloseTo(raw.systems[0]!.measures["map@r"]!.mean, 6);
  expect(evaluation.systems[0]?.measures["map@r"]?.mean).toBeGreaterThan(
    raw.systems[0]!.measures["map@r"]!.mean + 0.02,
  );
});

test("what does not go together is told before anything is written", async () => {
  const folder = emptyFolder();
  const files = await writeVectors(folder);
  const out = join(folder, "run");
  const refused = (config: TrainConfigInput, dataset: Parameters<typeof run>[1]["dataset"] = data) =>
    expect(run({ ...short, data: "made", ...config }, { out, ...(dataset === undefined ? {} : { dataset }) })).rejects;
  await refused({ vectors: files, model: "static" }).toMatchObject({ code: "wrong-model", detail: { field: "model" } });
  await refused({ model: "linear" }).toMatchObject({ code: "wrong-model", detail: { found: "linear" } });
  await refused({ vectors: files, model: "linear", hidden: [8] }).toMatchObject({ detail: { field: "hidden" } });
  await refused({ vectors: files, model: "linear" }, makeLabelled()).toMatchObject({ detail: { field: "vectors" } });
  await refused({ vectors: { ...files, queries: files.documents } }).toMatchObject({ code: "missing-vector" });
  await run({ ...short, epochs: 1, data: "made", vectors: files }, { out: join(folder, "trained"), dataset: data });
  const model = join(folder, "trained/model");
  await expect(evaluate({ data, model, threads: 1 })).rejects.toThrow(/--vectors/);
  const cut = (of: ReadonlyMap<string, Float32Array>) => ({
    data: Float32Array.from([...of.values()].flatMap((vector) => [...vector.subarray(0, 6)])),
    dimension: 6,
  });
  const shorter = { queries: cut(vectors.queries), documents: cut(vectors.documents) };
  await expect(evaluate({ data, model, vectors: shorter, threads: 1 })).rejects.toThrow(/6 numbers; expected: 12/);
});
