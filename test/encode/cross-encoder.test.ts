import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import {
  type FloatTensor,
  freshCrossEncoder,
  loadWeights,
  onnxCrossEncoder,
  readCrossEncoder,
  readModelFolder,
  type TransformerDescription,
  writeCrossEncoder,
} from "#nearmiss/checkpoint/index.js";
import { openCrossEncoder, pairScorer, type TextPair } from "#nearmiss/encode/cross-encoder.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { input, softplus } from "#nearmiss/graph/index.js";
import type { BertConfig } from "#nearmiss/nn/bert.js";
import { parameterGradients } from "#nearmiss/train/program.js";
import { editJson, folderOf, smallBert, temporaryFolder } from "../checkpoint/small.js";
import { slowBert } from "../nn/slow-transformer.js";

const root = temporaryFolder();
const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());
const warnings = collectWarnings();

const pairs: readonly TextPair[] = [
  ["the cat", "sat on the mat."],
  ["", "dog"],
  ["dog cat dog cat dog cat dog cat", "the mats on the mat . the cat ."],
  ["mats", ""],
];

/** A cross-encoder of random numbers, larger than those training begins with. */
function random(labels: number) {
  const { model, tensors } = smallBert();
  const options = { model: model as TransformerDescription, tensors, labels, seed: 5 };
  const fresh = freshCrossEncoder(options);
  const larger = (tensor: FloatTensor): FloatTensor => ({
    ...tensor,
    data: tensor.data.map((x, i) => (tensor.shape.length === 1 ? 1 + Math.sin(i) / 3 : 20 * x)),
  });
  return { ...fresh, tensors: new Map(Array.from(fresh.tensors, ([name, tensor]) => [name, larger(tensor)])) };
}

async function written(name: string, labels: number): Promise<string> {
  const path = join(root, name);
  await writeCrossEncoder(path, random(labels));
  return path;
}

/** The logits of a pair in loops. */
function slowLogits(
  tensors: ReadonlyMap<string, FloatTensor>,
  config: BertConfig,
  ids: number[],
  types: number[],
): number[] {
  const [first] = slowBert("bert", config, tensors, ids, types);
  const linear = (x: readonly number[], name: string) => {
    const { shape, data } = tensors.get(`${name}.weight`)!;
    const bias = tensors.get(`${name}.bias`)!.data;
    return Array.from({ length: shape[0]! }, (_, o) =>
      x.reduce((sum, v, i) => sum + v * data[o * shape[1]! + i]!, bias[o]!),
    );
  };
  return linear(linear(first!, "pooler.dense").map(Math.tanh), "classifier");
}

describe.each([1, 3])("a cross-encoder with %i labels", (labels) => {
  test("scores pairs as a loop does", async () => {
    const { model, tensors } = random(labels);
    const scorer = await pairScorer({ engine, description: model, tensors, fingerprint: "", warnings });
    const found = await scorer.classify(pairs);
    expect([found.rows, found.dimension]).toEqual([4, labels]);
    pairs.forEach((pair, i) => {
      const { ids, types } = scorer.sequence(pair);
      const logits = slowLogits(tensors, model.config as BertConfig, [...ids], [...types!]);
      logits.forEach((logit, label) => {
        const want = labels === 1 ? 1 / (1 + Math.exp(-logit)) : logit;
        expect(found.data[i * labels + label]).toBeCloseTo(want, 4);
      });
    });
    await scorer.release();
  });

  test("is written and read again with the same scores and the same bytes", async () => {
    const path = await written(`again-${labels}`, labels);
    const scorer = await openCrossEncoder(path, { engine, warnings });
    const first = await scorer.classify(pairs);
    const folder = await readCrossEncoder(path, warnings);
    const second = join(root, `again-${labels}-2`);
    await writeCrossEncoder(second, { model: folder, tensors: loadWeights(folder) });
    const copy = await openCrossEncoder(second, { engine, warnings });
    expect(await copy.classify(pairs)).toEqual(first);
    expect(copy.fingerprint).toBe(scorer.fingerprint);
    for (const file of ["model.safetensors", "config.json", "modules.json", "config_sentence_transformers.json"])
      expect(readFileSync(join(second, file)).equals(readFileSync(join(path, file))), file).toBe(true);
    await copy.release();
    await scorer.release();
  });

  test("is learnt by a loss over its logits, every parameter of it", async () => {
    const { model, tensors } = random(labels);
    const scorer = await pairScorer({ engine, description: model, tensors, fingerprint: "", warnings });
    const collated = scorer.encoder.collate(pairs.map(scorer.sequence), 2);
    const programOf = (dropout: number) => {
      const logits = scorer.encoder.forward({ groups: collated.groups, dropout, attentionDropout: dropout });
      const loss = softplus(logits)
        .sub(logits.mul(input("wanted", logits.shape)))
        .mean();
      return engine.compile({ outputs: { loss }, gradients: parameterGradients(loss) });
    };
    const program = await programOf(0);
    expect([...program.parameters].sort()).toEqual([...scorer.encoder.parameters.keys()].sort());
    const data = Float32Array.from({ length: pairs.length * labels }, (_, i) => i % 2);
    const feeds = { ...collated.feeds, wanted: { dtype: "float32", shape: [pairs.length, labels], data } } as const;
    const optimiser = await engine.optimiser(scorer.weights, { kind: "adamw" });
    const common = { weights: scorer.weights, optimiser, microBatches: [feeds], learningRate: 0.01 };
    const losses: number[] = [];
    for (let step = 0; step < 40; step++) {
      const { outputs } = await engine.step({ ...common, program });
      losses.push(outputs[0]!["loss"]!.data[0]!);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    const dropping = await programOf(0.1);
    const { outputs } = await engine.step({ ...common, program: dropping, dropout: { seed: 1, step: 0 } });
    expect(outputs[0]!["loss"]!.data[0]).toBeGreaterThan(0);
    expect(outputs[0]!["loss"]!.data[0]).not.toBe(losses.at(-1));
    await engine.release(dropping);
    await engine.release(optimiser);
    await engine.release(program);
    await scorer.release();
  });
});

test("one score a pair is asked only of a model with one label", async () => {
  const one = await openCrossEncoder(await written("one", 1), { engine, warnings });
  const { data } = await one.classify(pairs);
  expect([...(await one.scorePairs(pairs))]).toEqual([...data]);
  expect((await one.scorePairs([])).length).toBe(0);
  const three = await openCrossEncoder(await written("three", 3), { engine, warnings });
  await expect(three.scorePairs(pairs)).rejects.toMatchObject({ code: "several-labels" });
  for (const scorer of [one, three]) await scorer.release();
});

test("a cut pair is a counted warning", async () => {
  const counted = collectWarnings();
  const scorer = await openCrossEncoder(await written("cut", 1), { engine, warnings: counted });
  await scorer.scorePairs([...pairs, ["cat", "dog ".repeat(40)]]);
  expect(counted.list()).toMatchObject([{ code: "truncated-text", count: 2 }]);
  await scorer.release();
});

test("the activation is that of the newest file that names one", async () => {
  const path = await written("activation", 1);
  const read = async () => (await readCrossEncoder(path, warnings)).activation;
  expect(await read()).toBe("sigmoid");
  editJson(path, "config.json", (config) => ({
    ...config,
    sbert_ce_default_activation_function: "torch.nn.modules.activation.Tanh",
  }));
  editJson(path, "config_sentence_transformers.json", ({ activation_fn: _, ...rest }) => rest);
  expect(await read()).toBe("tanh");
  editJson(path, "config.json", (config) => ({
    ...config,
    sentence_transformers: { activation_fn: "torch.nn.modules.linear.Identity" },
  }));
  expect(await read()).toBe("identity");
  editJson(path, "config_sentence_transformers.json", (settings) => ({ ...settings, activation_fn: "os.system" }));
  await expect(read()).rejects.toThrow(/unsupported activation.*activation_fn/s);
});

test("a model of one kind is not taken for the other", async () => {
  const embedding = await folderOf(root, "embedding");
  await expect(readCrossEncoder(embedding, warnings)).rejects.toThrow(/this is no cross-encoder/);
  await expect(readModelFolder(await written("cross", 1), warnings)).rejects.toMatchObject({
    code: "unsupported-model",
  });
});

test("a head of other sizes than the network's is refused by name", async () => {
  const path = join(root, "odd-head");
  const { model, tensors } = random(2);
  const wrong = { dtype: "float32", shape: [2, 7], data: new Float32Array(14) } as const;
  await writeCrossEncoder(path, { model, tensors: new Map([...tensors, ["classifier.weight", wrong]]) });
  await expect(readCrossEncoder(path, warnings)).rejects.toThrow(/classifier\.weight.*\[2, 7\].*\[2, 8\]/s);
});

test("the ONNX file gives logits", () => {
  const { model, tensors } = random(3);
  const bytes = onnxCrossEncoder(model, tensors);
  expect(Buffer.from(bytes).includes("logits")).toBe(true);
});
