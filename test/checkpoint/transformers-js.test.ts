import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  AutoModel,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  env,
  LogLevel,
  pipeline,
  type Tensor,
} from "@huggingface/transformers";
import { describe, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import type { FreshModel, HeadModule, PoolingMode, TransformerDescription } from "#nearmiss/checkpoint/index.js";
import { freshCrossEncoder, freshStatic, writeCrossEncoder, writeModelFolder } from "#nearmiss/checkpoint/index.js";
import { exportModel } from "#nearmiss/front/export.js";
import { load } from "#nearmiss/front/load.js";
import { loadCrossEncoder } from "#nearmiss/front/load-cross-encoder.js";
import { editJson, smallBert, temporaryFolder, vocabulary } from "./small.js";

const root = temporaryFolder();
env.allowRemoteModels = false;
env.localModelPath = root;
env.useFSCache = false;
// The class of a static model is not one of transformers.js's own; it says so and takes its base class, which is right.
env.logLevel = LogLevel.ERROR;

/** Odd lengths, an empty text, unknown words, special tokens inside, and one text that is longer than the model. */
const texts = [
  "The cat sat on the mats.",
  "",
  "a DOG constructor",
  "[MASK] café [SEP] __proto__",
  "dog",
  "cat on mat ".repeat(9),
];

const local = { dtype: "fp32", local_files_only: true } as const;

/** The vectors that transformers.js computes, in one padded batch and each text alone; a text that has no token is left out of the latter. */
async function inTransformersJs(name: string, given: readonly string[]) {
  const tokenizer = await AutoTokenizer.from_pretrained(name, local);
  const model = await AutoModel.from_pretrained(name, local);
  const encode = async (some: readonly string[]) => {
    const inputs = tokenizer([...some], { padding: true, truncation: true });
    const { sentence_embedding: vectors, last_hidden_state: tokens } = (await model(inputs)) as Record<string, Tensor>;
    return { vectors: (vectors as Tensor).tolist() as number[][], tokens: tokens as Tensor };
  };
  const together = await encode(given);
  const alone: number[][] = [];
  for (const text of given) alone.push((await encode([text])).vectors[0] as number[]);
  return { together: together.vectors, alone, tokens: together.tokens };
}

async function inNearmiss(path: string, given: readonly string[], as: "query" | "document" = "document") {
  const model = await load(path, { threads: 1 });
  const { data, dimension } = await model.encode(given, { as });
  await model.close();
  return given.map((_, i) => Array.from(data.subarray(i * dimension, (i + 1) * dimension)));
}

function expectEqual(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void {
  expect(found.length).toBe(wanted.length);
  found.forEach((row, i) => {
    const other = wanted[i] as readonly number[];
    expect(row.length).toBe(other.length);
    const worst = Math.max(...row.map((x, j) => Math.abs(x - (other[j] as number))));
    expect(worst, `text ${i}`).toBeLessThan(1e-5);
    const [dot, a, b] = [product(row, other), product(row, row), product(other, other)];
    if (a > 0 || b > 0) expect(dot / Math.sqrt(a * b), `text ${i}`).toBeGreaterThan(0.9999);
  });
}

function product(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
}

/** Writes a folder as `train` does: model, then ONNX file. */
async function write(name: string, { model, tensors }: FreshModel): Promise<string> {
  const path = join(root, name);
  await writeModelFolder(path, { model, tensors });
  const warnings = collectWarnings();
  await exportModel({ model: path, warnings });
  expect(warnings.list()).toEqual([]);
  return path;
}

/** A model with these modules after its tokens' vectors. */
function withModules(fresh: FreshModel, modes: readonly PoolingMode[], head: readonly HeadModule[]): FreshModel {
  if (fresh.model.family === "static") return withHead(fresh, head, fresh.model.dimension);
  const dimension = fresh.model.config.hiddenSize * modes.length;
  return withHead(
    { ...fresh, model: { ...fresh.model, pooling: { modes, includePrompt: true, dimension } } },
    head,
    dimension,
  );
}

function withHead({ model, tensors }: FreshModel, head: readonly HeadModule[], pooled: number): FreshModel {
  const more = head.flatMap((module) =>
    module.type === "normalize"
      ? []
      : [
          [
            `${module.prefix}linear.weight`,
            {
              dtype: "float32" as const,
              shape: [module.outFeatures, module.inFeatures],
              data: Float32Array.from({ length: module.outFeatures * module.inFeatures }, (_, i) => Math.sin(i)),
            },
          ] as const,
        ],
  );
  const places = more.map(([name]) => [name, { folder: "2_Dense", tensor: "linear.weight" }] as const);
  const dense = head.find((module) => module.type === "dense");
  return {
    model: {
      ...model,
      head,
      dimension: dense?.outFeatures ?? pooled,
      places: new Map([...model.places, ...places]),
    },
    tensors: new Map([...tensors, ...more]),
  };
}

const still = () => freshStatic({ vocabulary, dimension: 6, seed: 2 });
const dense = (inFeatures: number): HeadModule => ({
  type: "dense",
  prefix: "2_Dense/",
  inFeatures,
  outFeatures: 5,
  bias: false,
  activation: "tanh",
});

describe("an exported folder gives the same vectors in transformers.js, in a batch and alone", () => {
  test.each<[string, readonly PoolingMode[], readonly HeadModule[]]>([
    ["mean", ["mean"], [{ type: "normalize" }]],
    ["cls", ["cls"], []],
    ["max", ["max"], []],
    ["mean-sqrt", ["mean_sqrt_len_tokens"], []],
    ["weighted-mean", ["weightedmean"], []],
    ["last-token", ["lasttoken"], []],
    ["combined", ["cls", "max", "mean", "lasttoken"], [dense(32), { type: "normalize" }]],
  ])("BERT, %s", async (name, modes, head) => {
    const path = await write(name, withModules(smallBert(), modes, head));
    const wanted = await inNearmiss(path, texts);
    const { together, alone, tokens } = await inTransformersJs(name, texts);
    expectEqual(together, wanted);
    expectEqual(alone, wanted);
    expect(tokens.dims).toEqual([texts.length, 16, 8]);
  });

  test.each<[string, readonly HeadModule[]]>([
    ["static", []],
    ["static-dense", [dense(6), { type: "normalize" }]],
  ])("%s", async (name, head) => {
    const path = await write(name, withModules(still(), [], head));
    const wanted = await inNearmiss(path, texts);
    const { together, alone } = await inTransformersJs(name, texts);
    expectEqual(together, wanted);
    expectEqual(alone, wanted);
    expect(wanted[1]?.every((x) => x === 0)).toBe(true);
  });

  test("a static model that cuts texts", async () => {
    const fresh = still();
    const path = await write("static-cut", { ...fresh, model: { ...fresh.model, maxLength: 4 } as typeof fresh.model });
    const wanted = await inNearmiss(path, texts);
    expectEqual((await inTransformersJs("static-cut", texts)).together, wanted);
    expect(wanted.at(-1)).toEqual((await inNearmiss(path, ["cat on mat cat"]))[0]);
  });

  test("prompts are put before the text by the caller", async () => {
    const fresh = smallBert();
    const prompts = new Map([
      ["query", "the cat: "],
      ["document", "on: "],
    ]);
    const path = await write("prompts", { ...fresh, model: { ...fresh.model, prompts } });
    for (const [as, prompt] of prompts) {
      const found = await inTransformersJs(
        "prompts",
        texts.map((text) => prompt + text),
      );
      expectEqual(found.together, await inNearmiss(path, texts, as as "query" | "document"));
    }
  });
});

test("the feature-extraction pipeline pools the tokens by mean or cls as the model does", async () => {
  const worded = texts.filter((text) => text !== "");
  for (const [name, fresh, pooling, normalize] of [
    ["pipe-mean", withModules(smallBert(), ["mean"], [{ type: "normalize" }]), "mean", true],
    ["pipe-cls", withModules(smallBert(), ["cls"], []), "cls", false],
    ["pipe-static", still(), "mean", false],
  ] as const) {
    const path = await write(name, fresh);
    const extract = await pipeline("feature-extraction", name, local);
    const found = (await extract(worded, { pooling, normalize })).tolist() as number[][];
    expectEqual(found, await inNearmiss(path, worded));
  }
});

describe("exporting into a folder that nearmiss did not write", () => {
  test("changes no file that is there, and says what is not right for transformers.js", async () => {
    const path = join(root, "foreign");
    const { model, tensors } = smallBert();
    const pooling = { modes: ["mean" as const], includePrompt: false, dimension: 8 };
    const prompts = new Map([["query", "cat: "]]);
    await writeModelFolder(path, { model: { ...model, pooling, prompts } as typeof model, tensors });
    editJson(path, "tokenizer_config.json", (config) => ({ ...config, model_max_length: 512 }));
    const before = readFileSync(join(path, "tokenizer_config.json"), "utf8");
    const warnings = collectWarnings();
    await exportModel({ model: path, warnings });
    expect(readFileSync(join(path, "tokenizer_config.json"), "utf8")).toBe(before);
    expect(warnings.list()).toEqual([
      {
        code: "transformers-js",
        count: 2,
        message: expect.stringContaining("model_max_length is 512, the model takes 16 tokens"),
      },
    ]);
  });

  test("adds what a static model lacks; another folder gets all of it", async () => {
    const path = join(root, "foreign-static");
    await writeModelFolder(path, still());
    for (const name of ["config.json", "tokenizer_config.json"]) expect(existsSync(join(path, name))).toBe(true);
    const json = { ...vocabulary.tokenizer };
    writeFileSync(join(path, "tokenizer.json"), JSON.stringify(json));
    const warnings = collectWarnings();
    await exportModel({ model: path, warnings });
    expect(warnings.list()).toMatchObject([{ message: expect.stringContaining("add_special_tokens: false") }]);
    const out = join(root, "static-elsewhere", "onnx", "model.onnx");
    await exportModel({ model: path, out, warnings: collectWarnings() });
    expectEqual((await inTransformersJs("static-elsewhere", texts)).together, await inNearmiss(path, texts));
  });

  test("a lone ONNX file is only that", async () => {
    const path = join(root, "lone");
    await writeModelFolder(path, still());
    const out = join(root, "lone-file", "encoder.onnx");
    await exportModel({ model: path, out });
    expect(existsSync(out)).toBe(true);
    expect(existsSync(join(root, "lone-file", "config.json"))).toBe(false);
  });
});

const shared = fileURLToPath(new URL("../../../shared/fixtures/models/", import.meta.url));

describe.skipIf(!existsSync(shared))("reference models", () => {
  const given = ["What are the symptoms of diabetes, and how is it treated?", "", "治疗 diabetes", "word ".repeat(99)];
  test.each([
    "bert-mean",
    "bert-mean-legacy",
    "bert-cls-dense",
    "bert-zh",
    "bert-mlm",
    "static",
    "roberta-mean",
    "xlmr-cls",
    "mpnet-mean",
    "distilbert-mean",
    "modernbert-cls",
  ])("%s", async (name) => {
    const model = join(shared, name);
    await exportModel({ model, out: join(root, `reference-${name}`, "onnx", "model.onnx") });
    const wanted = await inNearmiss(model, given);
    const { together, alone } = await inTransformersJs(`reference-${name}`, given);
    expectEqual(together, wanted);
    expectEqual(alone, wanted);
  });
});

test("a cross-encoder gives the same logits in transformers.js, pairs alone and in a batch", async () => {
  const { model, tensors } = smallBert();
  const fresh = freshCrossEncoder({ model: model as TransformerDescription, tensors, labels: 2, seed: 1 });
  const path = join(root, "cross");
  await writeCrossEncoder(path, fresh);
  const warnings = collectWarnings();
  await exportModel({ model: path, warnings });
  expect(warnings.list()).toEqual([]);
  const scorer = await loadCrossEncoder(path, { threads: 1 });
  const pairs = [
    ["the cat sat", "on the mats."],
    ["", "dog"],
  ] as const;
  const wanted = await scorer.classify(pairs);
  await scorer.close();
  const tokenizer = await AutoTokenizer.from_pretrained("cross", local);
  const reader = await AutoModelForSequenceClassification.from_pretrained("cross", local);
  const logitsOf = async (some: readonly (readonly [string, string])[]) => {
    const [first, second] = [some.map(([a]) => a), some.map(([, b]) => b)];
    const inputs = tokenizer(first, { text_pair: second, padding: true, truncation: true });
    return (((await reader(inputs)) as Record<string, Tensor>)["logits"] as Tensor).tolist() as number[][];
  };
  const rows = [0, 1].map((i) => [...wanted.data.subarray(2 * i, 2 * i + 2)]);
  for (const found of [await logitsOf(pairs), (await Promise.all(pairs.map((pair) => logitsOf([pair])))).flat()])
    expect(found.flat().every((x, i) => Math.abs(x - (rows.flat()[i] as number)) < 1e-5)).toBe(true);
});
