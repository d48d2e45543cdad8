import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type NamedTensor, readSafetensors, writeSafetensors } from "#nearmiss/base/safetensors.js";
import { freshStatic } from "#nearmiss/checkpoint/index.js";
import { editJson, folderOf, openFolder, smallBert, temporaryFolder, vocabulary } from "./small.js";

const root = temporaryFolder();
let count = 0;
const bert = () => folderOf(root, `bert-${count++}`);
const still = () => folderOf(root, `static-${count++}`, freshStatic({ vocabulary, dimension: 4, seed: 1 }));

/** Rewrites the weight file. */
function editTensors(path: string, change: (tensors: NamedTensor[]) => NamedTensor[]): void {
  const file = join(path, "model.safetensors");
  const tensors = [...readSafetensors(file)].map(([name, { shape, data }]) => ({
    name,
    dtype: "F32" as const,
    shape,
    data,
  }));
  writeSafetensors(file, change(tensors));
}

describe("weights are understood however they are stored", () => {
  test("with the prefix of a model with a head, with gamma and beta, and with buffers that are no parameters", async () => {
    const path = await bert();
    const before = await openFolder(path);
    editTensors(path, (tensors) => [
      ...tensors.map(({ name, ...rest }) => ({
        name: `bert.${name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")}`,
        ...rest,
      })),
      { name: "bert.embeddings.position_ids", dtype: "I64", shape: [1, 16], data: new BigInt64Array(16) },
      { name: "bert.pooler.dense.bias", dtype: "F32", shape: [8], data: new Float32Array(8) },
      { name: "cls.predictions.bias", dtype: "F32", shape: [15], data: new Float32Array(15) },
    ]);
    const after = await openFolder(path);
    expect(after.warnings).toEqual([]);
    for (const [name, tensor] of before.weights) expect(after.weights.get(name), name).toEqual(tensor);
    expect([...after.weights.keys()].filter((name) => !before.weights.has(name)).sort()).toEqual([
      "cls.predictions.bias",
      "pooler.dense.bias",
    ]);
    expect(after.model.places.get("embeddings.LayerNorm.weight")?.tensor).toBe("bert.embeddings.LayerNorm.gamma");
  });

  test("in shards", async () => {
    const path = await bert();
    const before = await openFolder(path);
    const names = [...before.weights.keys()].sort();
    const raw = readSafetensors(join(path, "model.safetensors"));
    const part = (wanted: readonly string[]) =>
      wanted.map((name) => ({ name, dtype: "F32" as const, shape: raw.get(name)!.shape, data: raw.get(name)!.data }));
    mkdirSync(join(path, "parts"));
    writeSafetensors(join(path, "parts/a.safetensors"), part(names.slice(0, 9)));
    writeSafetensors(join(path, "parts/b.safetensors"), part(names.slice(9)));
    rmSync(join(path, "model.safetensors"));
    const map = names.map((name, i) => [name, i < 9 ? "parts/a.safetensors" : "./parts/b.safetensors"]);
    writeFileSync(join(path, "model.safetensors.index.json"), JSON.stringify({ weight_map: Object.fromEntries(map) }));
    const after = await openFolder(path);
    expect(new Map([...after.weights].sort())).toEqual(new Map([...before.weights].sort()));
    map[0]![1] = "parts/b.safetensors";
    writeFileSync(join(path, "model.safetensors.index.json"), JSON.stringify({ weight_map: Object.fromEntries(map) }));
    await expect(openFolder(path)).rejects.toThrow(`tensor ${names[0]} is missing`);
  });

  test("in half precision", async () => {
    const path = await bert();
    const half = new Uint16Array(64).map((_, i) => 0x3f80 + i);
    editTensors(path, (tensors) =>
      tensors.map((tensor) =>
        tensor.name.endsWith("self.query.weight") ? { ...tensor, dtype: "BF16", data: half } : tensor,
      ),
    );
    const { weights } = await openFolder(path);
    const widened = weights.get("encoder.layer.0.attention.self.query.weight")!.data;
    expect([...widened.slice(0, 3)]).toEqual([1, 1 + 2 ** -7, 1 + 2 ** -6]);
  });

  test("of a static model in model2vec's layout", async () => {
    const path = await still();
    const before = await openFolder(path);
    editTensors(path, (tensors) => tensors.map((tensor) => ({ ...tensor, name: "embeddings" })));
    editJson(path, "modules.json", () => [
      { idx: 0, name: "0", path: ".", type: "sentence_transformers.models.StaticEmbedding" },
      { idx: 1, name: "1", path: "1_Normalize", type: "sentence_transformers.models.Normalize" },
    ]);
    const { model, weights } = await openFolder(path);
    expect(weights).toEqual(before.weights);
    expect(model).toMatchObject({ head: [{ type: "normalize" }], maxLength: null, pooling: null });
    expect(model.places.get("embedding.weight")).toEqual({ folder: "", tensor: "embeddings" });
  });

  test("of a static model in a folder of its own", async () => {
    const path = await still();
    mkdirSync(join(path, "0_StaticEmbedding"));
    for (const name of ["model.safetensors", "tokenizer.json"])
      renameSync(join(path, name), join(path, "0_StaticEmbedding", name));
    editJson(path, "modules.json", () => [
      { path: "0_StaticEmbedding", type: "sentence_transformers.models.StaticEmbedding" },
    ]);
    const { model } = await openFolder(path);
    expect(model.sources.get("embedding.weight")).toBe("0_StaticEmbedding/model.safetensors");
    expect(model.config).toEqual({ vocabSize: 15, dimension: 4 });
  });
});

describe("configurations of every age", () => {
  test.each([
    [{ embedding_dimension: 8, pooling_mode: ["mean", "cls"] }, ["mean", "cls"]],
    [{ embedding_dimension: 8, pooling_mode: "lasttoken", include_prompt: false }, ["lasttoken"]],
    [{ word_embedding_dimension: 8, pooling_mode_mean_tokens: true, pooling_mode_cls_token: true }, ["cls", "mean"]],
    [{ word_embedding_dimension: 8, pooling_mode_weightedmean_tokens: true }, ["weightedmean"]],
    [{ word_embedding_dimension: 8, pooling_mode_cls_token: false }, ["mean"]],
  ])("pooling %j", async (config, modes) => {
    const path = await bert();
    editJson(path, "1_Pooling/config.json", () => config);
    const { model } = await openFolder(path);
    expect(model.pooling).toEqual({
      modes,
      includePrompt: !("include_prompt" in config),
      dimension: 8 * modes.length,
    });
    expect(model.dimension).toBe(8 * modes.length);
  });

  test("max_seq_length wins over model_max_length, and more than there are positions is a warning", async () => {
    const path = await bert();
    expect((await openFolder(path)).model.maxLength).toBe(16);
    editJson(path, "sentence_bert_config.json", () => ({ max_seq_length: 7 }));
    expect((await openFolder(path)).model.maxLength).toBe(7);
    editJson(path, "sentence_bert_config.json", () => ({ max_seq_length: 20 }));
    const clamped = await openFolder(path);
    expect(clamped.model.maxLength).toBe(16);
    expect(clamped.warnings).toMatchObject([
      { code: "max-length-clamped", message: expect.stringContaining("max_seq_length 20") },
    ]);
    rmSync(join(path, "sentence_bert_config.json"));
    editJson(path, "tokenizer_config.json", (value) => ({ ...value, model_max_length: 1e30 }));
    const unlimited = await openFolder(path);
    expect([unlimited.model.maxLength, unlimited.warnings]).toEqual([16, []]);
  });

  test("settings that are not understood are counted", async () => {
    const path = await bert();
    editJson(path, "sentence_bert_config.json", (value) => ({
      ...value,
      processing_kwargs: { text: { max_length: 3 } },
    }));
    expect((await openFolder(path)).warnings).toMatchObject([
      { code: "ignored-setting", message: expect.stringContaining("processing_kwargs") },
    ]);
  });

  test("do_lower_case puts lower-casing in front of a tokenizer that does not do it", async () => {
    const path = await bert();
    editJson(path, "sentence_bert_config.json", () => ({ max_seq_length: 7, do_lower_case: true }));
    const already = (await openFolder(path)).model;
    expect(already.tokenizerJson["normalizer"]).toEqual(vocabulary.tokenizer.normalizer);
    editJson(path, "tokenizer.json", (value) => ({ ...value, normalizer: { type: "NFC" } }));
    const { model } = await openFolder(path);
    expect(model.lowercase).toBe(true);
    expect(model.tokenizerJson["normalizer"]).toEqual({
      type: "Sequence",
      normalizers: [{ type: "Lowercase" }, { type: "NFC" }],
    });
  });

  test("a plain transformers folder is pooled by its mean, with a warning", async () => {
    const path = await bert();
    for (const name of ["modules.json", "1_Pooling", "config_sentence_transformers.json", "sentence_bert_config.json"])
      rmSync(join(path, name), { recursive: true });
    const { model, warnings } = await openFolder(path);
    expect(model.pooling).toEqual({ modes: ["mean"], includePrompt: true, dimension: 8 });
    expect(warnings).toMatchObject([{ code: "no-modules-json", count: 1 }]);
  });

  test("words and prompts named like parts of JavaScript's objects are words and prompts", async () => {
    const path = await bert();
    const text = '{"prompts": {"__proto__": "p: ", "constructor": "c: "}, "default_prompt_name": "__proto__"}';
    writeFileSync(join(path, "config_sentence_transformers.json"), text);
    const { model } = await openFolder(path);
    expect(model.prompts.get("__proto__")).toBe("p: ");
    expect(model.defaultPromptName).toBe("__proto__");
    const { vocab } = model.tokenizerJson["model"] as { vocab: object };
    expect(Object.getOwnPropertyDescriptor(vocab, "__proto__")?.value).toBe(14);
  });

  test("tensors that nothing uses are counted and kept", async () => {
    const path = await bert();
    editJson(path, "config.json", (value) => ({ ...value, num_hidden_layers: 1 }));
    const { warnings, weights } = await openFolder(path);
    expect(warnings).toMatchObject([{ code: "unused-tensor", count: 16 }]);
    expect(weights.has("encoder.layer.1.output.dense.bias")).toBe(true);
  });
});

describe("what cannot be read is refused", () => {
  const cases: readonly (readonly [string, (path: string) => void, readonly string[]])[] = [
    ["a folder that is not there", (path) => rmSync(path, { recursive: true }), ["model folder not found"]],
    [
      "modules.json as an object",
      (path) => editJson(path, "modules.json", () => ({})),
      ["modules.json", "expected array"],
    ],
    [
      "a type that only ends like a known one",
      (path) => editJson(path, "modules.json", () => [{ path: "", type: "custom_st.Transformer" }]),
      ["modules.json", "custom_st.Transformer", "Transformer, StaticEmbedding"],
    ],
    [
      "a transformer without pooling",
      (path) => editJson(path, "modules.json", () => [{ path: "", type: "sentence_transformers.models.Transformer" }]),
      ["modules.json", "order"],
    ],
    [
      "two modules in one folder",
      (path) =>
        editJson(path, "modules.json", (value) =>
          Object.values(value).map((one) => ({ ...(one as object), path: "1_Pooling" })),
        ),
      ["modules.json", "the same folder", "1_Pooling"],
    ],
    [
      "a Windows path",
      (path) =>
        editJson(path, "modules.json", (value) =>
          Object.values(value).map((one) => ({ ...(one as object), path: "C:/x" })),
        ),
      ["modules.json", "C:/x", "outside the model folder"],
    ],
    [
      "a path that climbs after going down",
      (path) =>
        editJson(path, "modules.json", (value) =>
          Object.values(value).map((one) => ({ ...(one as object), path: "a/../../b" })),
        ),
      ["a/../../b", "outside the model folder"],
    ],
    [
      "a cut config.json",
      (path) => writeFileSync(join(path, "config.json"), '{\n"model_type":\n"be'),
      ["config.json:3", "JSON"],
    ],
    [
      "a size that is text",
      (path) => editJson(path, "config.json", (value) => ({ ...value, hidden_size: "8" })),
      ["config.json", "hidden_size", "found: 8", "expected number"],
    ],
    [
      "a number of layers that would fill the memory",
      (path) => editJson(path, "config.json", (value) => ({ ...value, num_hidden_layers: 1e15 })),
      ["num_hidden_layers", "encoder.layer.2"],
    ],
    [
      "relative positions",
      (path) => editJson(path, "config.json", (value) => ({ ...value, position_embedding_type: "relative_key" })),
      ["position_embedding_type", "relative_key", "absolute"],
    ],
    [
      "an activation nobody here knows",
      (path) => editJson(path, "config.json", (value) => ({ ...value, hidden_act: "mish" })),
      ["hidden_act", "mish", "gelu_new"],
    ],
    [
      "a length below one",
      (path) => {
        rmSync(join(path, "sentence_bert_config.json"));
        editJson(path, "tokenizer_config.json", (value) => ({ ...value, model_max_length: -1 }));
      },
      ["tokenizer_config.json", "model_max_length", "found: -1"],
    ],
    [
      "a distance for similarity",
      (path) =>
        editJson(path, "config_sentence_transformers.json", (value) => ({ ...value, similarity_fn_name: "euclidean" })),
      ["similarity_fn_name", "euclidean"],
    ],
    [
      "a default prompt that does not exist",
      (path) =>
        editJson(path, "config_sentence_transformers.json", (value) => ({ ...value, default_prompt_name: "toString" })),
      ["default_prompt_name", "toString"],
    ],
    [
      "a prompt that is a number",
      (path) => editJson(path, "config_sentence_transformers.json", (value) => ({ ...value, prompts: { query: 3 } })),
      ["prompts.query", "3", "expected string"],
    ],
    [
      "no pooling mode that exists",
      (path) =>
        editJson(path, "1_Pooling/config.json", () => ({ embedding_dimension: 8, pooling_mode: "constructor" })),
      ["1_Pooling/config.json", "constructor", "lasttoken"],
    ],
    [
      "an unknown boolean of an old pooling",
      (path) => editJson(path, "1_Pooling/config.json", (value) => ({ ...value, pooling_mode_new_tokens: true })),
      ["1_Pooling/config.json", "pooling_mode_new_tokens"],
    ],
    [
      "a vocabulary with an id that is no number",
      (path) =>
        editJson(path, "tokenizer.json", (value) => ({ ...value, model: { type: "WordPiece", vocab: { a: "0" } } })),
      ["tokenizer.json", "model.vocab.a"],
    ],
    [
      "no vocabulary",
      (path) => editJson(path, "tokenizer.json", (value) => ({ ...value, model: { type: "WordPiece" } })),
      ["tokenizer.json", "model.vocab", "JSON object"],
    ],
    ["no weights", (path) => rmSync(join(path, "model.safetensors")), ["model.safetensors", "not found"]],
    [
      "one parameter under two names",
      (path) => editTensors(path, (tensors) => [...tensors, { ...tensors[0]!, name: `bert.${tensors[0]!.name}` }]),
      ["the same parameter", "bert."],
    ],
    [
      "infinity in the last place",
      (path) =>
        editTensors(path, (tensors) =>
          tensors.map((tensor) =>
            tensor.name.endsWith("word_embeddings.weight")
              ? { ...tensor, data: new Float32Array(120).fill(Number.NEGATIVE_INFINITY, 119) }
              : tensor,
          ),
        ),
      ["embeddings.word_embeddings.weight", "not finite", "1 of 120 values, the first at position 119"],
    ],
  ];
  test.each(cases)("%s", async (_name, damage, words) => {
    const path = await bert();
    damage(path);
    const message = await openFolder(path).then(
      () => "nothing was thrown",
      (error: Error) => {
        expect(error).toMatchObject({ name: "NearmissError", exitCode: 2 });
        return error.message;
      },
    );
    for (const word of words) expect(message).toContain(word);
  });

  test("a static model whose tensors this reader does not know", async () => {
    const path = await still();
    editTensors(path, (tensors) => [
      ...tensors,
      { name: "mapping", dtype: "F32", shape: [15], data: new Float32Array(15) },
    ]);
    await expect(openFolder(path)).rejects.toThrow("tensor mapping would change the vectors");
  });

  test("a dense layer that does not fit, or whose activation is a stranger's", async () => {
    const { model, tensors } = smallBert();
    const dense = {
      type: "dense",
      prefix: "2_Dense/",
      inFeatures: 8,
      outFeatures: 3,
      bias: true,
      activation: "gelu",
    } as const;
    const path = await folderOf(root, "dense", {
      model: {
        ...model,
        head: [dense],
        places: new Map([
          ...model.places,
          ["2_Dense/linear.weight", { folder: "2_Dense", tensor: "linear.weight" }],
          ["2_Dense/linear.bias", { folder: "2_Dense", tensor: "linear.bias" }],
        ]),
      },
      tensors: new Map([
        ...tensors,
        ["2_Dense/linear.weight", { dtype: "float32", shape: [3, 8], data: new Float32Array(24) }],
        ["2_Dense/linear.bias", { dtype: "float32", shape: [3], data: new Float32Array(3) }],
      ]),
    });
    expect((await openFolder(path)).model).toMatchObject({ head: [dense], dimension: 3 });
    const good = readFileSync(join(path, "2_Dense/config.json"), "utf8");
    const refuses = async (change: object, ...words: readonly string[]) => {
      writeFileSync(join(path, "2_Dense/config.json"), JSON.stringify({ ...JSON.parse(good), ...change }));
      const message = await openFolder(path).then(String, (error: Error) => error.message);
      for (const word of ["2_Dense", ...words]) expect(message).toContain(word);
    };
    await refuses({ in_features: 9 }, "in_features", "found: 9", "expected: 8");
    await refuses({ out_features: 4 }, "linear.weight", "[3, 8]", "[4, 8]");
    await refuses({ activation_function: "os.system" }, "os.system", "Tanh");
    await refuses({ use_residual: true }, "use_residual");
  });
});
