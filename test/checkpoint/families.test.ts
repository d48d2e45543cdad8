import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { type NamedTensor, writeSafetensors } from "#nearmiss/base/safetensors.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import {
  loadWeights,
  maskedLanguageModelOf,
  networkOf,
  readModelFolder,
  type TransformerDescription,
  writeModelFolder,
} from "#nearmiss/checkpoint/index.js";
import { readTransformerConfig } from "#nearmiss/checkpoint/transformer-config.js";
import { openTensors } from "#nearmiss/encode/model.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { editJson, openFolder, temporaryFolder, vocabulary } from "./small.js";

const root = temporaryFolder();
const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const wide = {
  ...{ hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 12 },
  ...{ vocab_size: 15, max_position_embeddings: 18 },
};

interface Family {
  readonly config: Readonly<Record<string, unknown>>;
  /** What stands before the encoder's names where a head is beside it. */
  readonly prefix: string;
  /** Parts of the head that are kept, and a copy of the word table that is not. */
  readonly head: readonly string[];
  readonly tied: string;
  readonly length: number;
}

const families: Readonly<Record<string, Family>> = {
  roberta: {
    config: { model_type: "roberta", ...wide, type_vocab_size: 1, pad_token_id: 1 },
    ...{
      prefix: "roberta.",
      head: ["lm_head.dense", "lm_head.layer_norm"],
      tied: "lm_head.decoder.weight",
      length: 16,
    },
  },
  "xlm-roberta": {
    config: { model_type: "xlm-roberta", ...wide, type_vocab_size: 1 },
    ...{
      prefix: "roberta.",
      head: ["lm_head.dense", "lm_head.layer_norm"],
      tied: "lm_head.decoder.weight",
      length: 16,
    },
  },
  camembert: {
    config: { model_type: "camembert", ...wide, type_vocab_size: 1 },
    ...{
      prefix: "roberta.",
      head: ["lm_head.dense", "lm_head.layer_norm"],
      tied: "lm_head.decoder.weight",
      length: 16,
    },
  },
  mpnet: {
    config: { model_type: "mpnet", ...wide, relative_attention_num_buckets: 8 },
    ...{ prefix: "mpnet.", head: ["lm_head.dense", "lm_head.layer_norm"], tied: "lm_head.decoder.weight", length: 16 },
  },
  distilbert: {
    config: {
      ...{ model_type: "distilbert", dim: 8, n_layers: 2, n_heads: 2, hidden_dim: 12, activation: "gelu" },
      ...{ vocab_size: 15, max_position_embeddings: 18 },
    },
    ...{
      prefix: "distilbert.",
      head: ["vocab_transform", "vocab_layer_norm"],
      tied: "vocab_projector.weight",
      length: 18,
    },
  },
  electra: {
    config: { model_type: "electra", ...wide, embedding_size: 6 },
    ...{ prefix: "electra.", head: ["generator_predictions.dense", "generator_predictions.LayerNorm"] },
    ...{ tied: "generator_lm_head.weight", length: 18 },
  },
  modernbert: {
    config: { model_type: "modernbert", ...wide, local_attention: 4, global_attn_every_n_layers: 2 },
    ...{ prefix: "model.", head: ["head.dense", "head.norm"], tied: "decoder.weight", length: 18 },
  },
};

/** A folder as transformers writes one of a masked language model, with sentence-transformers' modules. */
function folderOf(name: string, path = join(root, name)): string {
  const { config, prefix, head, tied } = families[name]!;
  mkdirSync(join(path, "1_Pooling"), { recursive: true });
  const json = (file: string, value: unknown) => writeFileSync(join(path, file), JSON.stringify(value));
  json("config.json", config);
  json("tokenizer.json", vocabulary.tokenizer);
  json("tokenizer_config.json", vocabulary.config);
  json("1_Pooling/config.json", { word_embedding_dimension: 8, pooling_mode_mean_tokens: true });
  json("modules.json", [
    { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" },
    { idx: 1, name: "1", path: "1_Pooling", type: "sentence_transformers.models.Pooling" },
  ]);
  const { parameters, words } = networkOf(readTransformerConfig("config.json", config));
  const generator = rng(1, name);
  const tensor = (called: string, shape: readonly number[]): NamedTensor => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => generator.normal() / 2);
    return { name: called, dtype: "F32", shape, data };
  };
  const width = parameters.get(words)![1]!;
  writeSafetensors(join(path, "model.safetensors"), [
    ...Array.from(parameters, ([called, shape]) => tensor(`${prefix}${called}`, shape)),
    tensor(`${head[0]}.weight`, [width, 8]),
    tensor(`${head[1]}.weight`, [width]),
    tensor(`${head[1]}.bias`, [width]),
    tensor(tied, [15, width]),
  ]);
  return path;
}

describe.each(Object.entries(families))("%s", (name, { prefix, head, tied, length }) => {
  test("is read with its prefix and head, encodes, and is the same after writing", async () => {
    const path = folderOf(name);
    const { model, warnings, weights } = await openFolder(path);
    expect(warnings).toEqual([]);
    expect(model.maxLength).toBe(length);
    const [first] = networkOf(model as TransformerDescription).parameters.keys();
    expect(model.places.get(first!)).toEqual({ folder: "", tensor: `${prefix}${first}` });
    expect([...weights.keys()]).toEqual(expect.arrayContaining(head.map((part) => `${part}.weight`)));
    expect(weights.has(tied)).toBe(false);
    expect(maskedLanguageModelOf(model as TransformerDescription).parameters.has(`${head[0]}.weight`)).toBe(true);

    const encode = async (folder: string) => {
      const description = await readModelFolder(folder, collectWarnings());
      const tensors = loadWeights(description);
      const parts = { engine, description, tensors, fingerprint: "", warnings: collectWarnings() };
      const opened = await openTensors(parts);
      const vectors = await opened.encode(["the cat", "", "dog ".repeat(40)]);
      await opened.release();
      return vectors;
    };
    const again = join(root, `${name}-again`);
    await writeModelFolder(again, { model, tensors: weights });
    const vectors = await encode(path);
    expect(vectors.data.every(Number.isFinite)).toBe(true);
    expect(await encode(again)).toEqual(vectors);
    expect(readFileSync(join(again, "config.json"), "utf8")).toBe(readFileSync(join(path, "config.json"), "utf8"));
  });

  test("whatever its config.json says, it is read or refused in plain words", async () => {
    const path = folderOf(name, join(root, `${name}-damaged`));
    const original = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, unknown>;
    const keys = [
      ...Object.keys(original),
      "layer_types",
      "rope_parameters",
      "hidden_act",
      "pad_token_id",
      "tie_word_embeddings",
    ];
    const by = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(0, -1, 7, 1e15, 0.5, 2 ** 53, true, [], {}, "bert", "relu"),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...keys), by, async (key, value) => {
        writeFileSync(join(path, "config.json"), JSON.stringify({ ...original, [key]: value }));
        try {
          const { model } = await openFolder(path);
          expect(model.dimension).toBe(8);
          expect(model.maxLength).toBeGreaterThan(1);
        } catch (error) {
          expect(error).toMatchObject({
            name: "NearmissError",
            exitCode: 2,
            detail: { file: expect.stringContaining(path) },
          });
        }
      }),
      { seed: 2, numRuns: 60 },
    );
  });
});

test("DistilBERT's errors name its own keys", () => {
  const config = { ...families["distilbert"]!.config, n_layers: "two" };
  expect(() => readTransformerConfig("config.json", config)).toThrow(/n_layers/);
});

test("a word table that is not tied is kept apart", async () => {
  const path = folderOf("roberta", join(root, "untied"));
  editJson(path, "config.json", (config) => ({ ...config, tie_word_embeddings: false }));
  const { model, weights } = await openFolder(path);
  expect(weights.has("lm_head.decoder.weight")).toBe(true);
  expect(maskedLanguageModelOf(model as TransformerDescription).parameters.has("lm_head.decoder.weight")).toBe(true);
});

test("an encoder without such a head guesses no tokens", async () => {
  const path = folderOf("mpnet", join(root, "headless"));
  const { model } = await openFolder(path);
  const places = new Map([...model.places].filter(([name]) => !name.startsWith("lm_head.")));
  expect(() => maskedLanguageModelOf({ ...model, places } as TransformerDescription)).toThrow(
    expect.objectContaining({ code: "no-masked-lm-head" }),
  );
});

describe("configurations of ModernBERT", () => {
  const read = (more: object) => {
    const { config } = readTransformerConfig("config.json", { ...families["modernbert"]!.config, ...more });
    return config;
  };
  test("of transformers 4 and 5 mean the same", () => {
    const rope = (rope_theta: number) => ({ rope_theta, rope_type: "default" });
    const old = { global_attn_every_n_layers: 3, global_rope_theta: 5000, local_rope_theta: 70 };
    const rope_parameters = { full_attention: rope(5000), sliding_attention: rope(70) };
    const layer_types = ["full_attention", "sliding_attention"];
    expect(read(old)).toMatchObject({ full: 3, fullBase: 5000, slidingBase: 70, reach: 2 });
    expect(read({ rope_parameters, layer_types })).toMatchObject({
      full: [true, false],
      fullBase: 5000,
      slidingBase: 70,
    });
    expect(read({ local_rope_theta: null })).toMatchObject({ fullBase: 160_000, slidingBase: 160_000 });
  });
  test.each([
    [{ layer_types: ["full_attention"] }, /does not name every layer/],
    [{ rope_parameters: { full_attention: { rope_theta: 1, rope_type: "yarn" } } }, /rope_parameters/],
    [{ hidden_activation: "silu" }, /hidden_activation/],
    [{ num_attention_heads: 8 }, /heads of even width/],
    [{ max_position_embeddings: 1e9 }, /max_position_embeddings/],
  ])("%j is refused", (more, message) => {
    expect(() => read(more)).toThrow(message);
  });
});
