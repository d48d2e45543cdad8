import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Tokenizer } from "@huggingface/tokenizers";
import { describe, expect, test } from "vitest";
import { writeSafetensors } from "#nearmiss/base/safetensors.js";
import { freshBert, freshStatic, loadWeights, writeModelFolder } from "#nearmiss/checkpoint/index.js";
import { openFolder, smallBert, temporaryFolder, vocabulary } from "./small.js";

const fixtures = fileURLToPath(new URL("../../../shared/fixtures/", import.meta.url));
const root = temporaryFolder();
const models = [
  ...["bert-mean", "bert-mean-legacy", "bert-cls-dense", "bert-zh", "bert-prompts", "bert-mlm", "static"],
  ...["roberta-mean", "xlmr-cls", "mpnet-mean", "distilbert-mean", "modernbert-cls"],
];

/** Every file of a folder with its bytes. */
function content(path: string): Map<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((file) => [file.slice(path.length + 1), readFileSync(file, "base64")]),
  );
}

describe.skipIf(!existsSync(fixtures))("a folder that was read and written is the same model", () => {
  test.each(models)("%s", async (name) => {
    const before = await openFolder(join(fixtures, "models", name));
    const path = join(root, name);
    await writeModelFolder(path, { model: before.model, tensors: before.weights });
    const after = await openFolder(path);
    expect(after.warnings).toEqual([]);
    for (const key of Object.keys(before.model) as (keyof typeof before.model)[])
      if (!["path", "fingerprint", "manifest", "tokenizerFiles", "tokenizerConfig"].includes(key))
        expect(after.model[key], key).toEqual(before.model[key]);
    // The tokenizer's own file says the model's length too, for readers that know no other place.
    expect(after.model.tokenizerConfig).toEqual(
      name === "static"
        ? { tokenizer_class: "PreTrainedTokenizerFast", pad_token: "[PAD]" }
        : { ...before.model.tokenizerConfig, model_max_length: before.model.maxLength },
    );
    expect([...after.weights.keys()].sort()).toEqual([...before.weights.keys()].sort());
    for (const [tensor, { shape, data }] of before.weights) {
      expect(after.weights.get(tensor)?.shape).toEqual(shape);
      expect(Buffer.from(after.weights.get(tensor)!.data.buffer).equals(Buffer.from(data.buffer)), tensor).toBe(true);
    }
    // A second round changes nothing at all.
    const again = join(root, `${name}-again`);
    await writeModelFolder(again, { model: after.model, tensors: after.weights });
    expect(content(again)).toEqual(content(path));
    expect((await openFolder(again)).model.fingerprint).toBe(after.model.fingerprint);
  });
});

describe("writing", () => {
  test("takes values from a file as well, and notes what the caller says", async () => {
    const { model, tensors } = smallBert();
    const file = join(root, "values.safetensors");
    writeSafetensors(
      file,
      Array.from(tensors, ([name, tensor]) => ({ name, ...tensor, dtype: "F32" as const })),
    );
    await writeModelFolder(join(root, "from-file"), {
      model,
      tensors: file,
      manifest: { parent: "elsewhere" },
      readme: "card",
    });
    await writeModelFolder(join(root, "from-map"), { model, tensors });
    const [one, two] = [content(join(root, "from-file")), content(join(root, "from-map"))];
    expect([...one.keys()]).toEqual([
      "1_Pooling/config.json",
      "README.md",
      "config.json",
      "config_sentence_transformers.json",
      "model.safetensors",
      "modules.json",
      "nearmiss.json",
      "sentence_bert_config.json",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
      "vocab.txt",
    ]);
    expect([...one].filter(([name, bytes]) => two.get(name) !== bytes).map(([name]) => name)).toEqual([
      "README.md",
      "nearmiss.json",
    ]);
    const { model: read } = await openFolder(join(root, "from-file"));
    expect(read.manifest).toMatchObject({
      parent: "elsewhere",
      format: 1,
      weights: { "model.safetensors": expect.stringMatching(/^sha256:/) },
    });
    expect(readFileSync(join(root, "from-file/vocab.txt"), "utf8").split("\n").slice(4, 7)).toEqual([
      "[MASK]",
      "the",
      "cat",
    ]);
  });

  test("replaces a folder whole, and leaves it as it was when something fails", async () => {
    const { model, tensors } = smallBert();
    const path = join(root, "replaced");
    mkdirSync(path);
    writeFileSync(join(path, "of-before.txt"), "");
    const missing = new Map([...tensors].slice(1));
    await expect(writeModelFolder(path, { model, tensors: missing })).rejects.toThrow(
      "no values for embeddings.word_embeddings.weight",
    );
    await expect(
      writeModelFolder(path, { model, tensors: new Map([...tensors, ["more", [...tensors.values()][0]!]]) }),
    ).rejects.toThrow("no place for more");
    expect(readdirSync(path)).toEqual(["of-before.txt"]);
    await writeModelFolder(path, { model, tensors });
    expect(readdirSync(path)).not.toContain("of-before.txt");
    expect(readdirSync(root).filter((name) => /partial|replaced$/.test(name))).toEqual(["replaced"]);
  });

  test("half precision in the configuration becomes float32, as the weights are", async () => {
    const { model, tensors } = smallBert();
    const path = join(root, "half");
    await writeModelFolder(path, {
      model: {
        ...model,
        configText: '{"dtype": "float16", "torch_dtype":"float16", "mine": 1.0, "dtypes": "x"}',
      } as typeof model,
      tensors,
    });
    // What is not changed stays as it was written: transformers minds the difference of 1.0 and 1.
    expect(readFileSync(join(path, "config.json"), "utf8")).toBe(
      '{"dtype": "float32", "torch_dtype":"float32", "mine": 1.0, "dtypes": "x"}',
    );
  });
});

describe("fresh models", () => {
  test("are a function of the seed, with BERT's initial distribution", () => {
    const options = { vocabulary, layers: 2, hiddenSize: 64, heads: 4, maxLength: 32 } as const;
    const one = freshBert({ ...options, seed: 5 });
    expect(freshBert({ ...options, seed: 5 }).tensors).toEqual(one.tensors);
    const other = freshBert({ ...options, seed: 6 });
    const name = "encoder.layer.0.intermediate.dense.weight";
    const { shape, data } = one.tensors.get(name)!;
    expect(shape).toEqual([256, 64]);
    expect(other.tensors.get(name)!.data).not.toEqual(data);
    expect(one.tensors.get("encoder.layer.1.intermediate.dense.weight")!.data).not.toEqual(data);
    const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length);
    // Standard errors over 16,384 numbers: 0.00016 and 0.00011.
    expect(Math.abs(mean)).toBeLessThan(0.0006);
    expect(Math.abs(deviation - 0.02)).toBeLessThan(0.0005);
    expect(new Set(one.tensors.get("encoder.layer.0.output.dense.bias")!.data)).toEqual(new Set([0]));
    expect(new Set(one.tensors.get("embeddings.LayerNorm.weight")!.data)).toEqual(new Set([1]));
    const words = one.tensors.get("embeddings.word_embeddings.weight")!.data;
    expect(new Set(words.subarray(0, 64))).toEqual(new Set([0]));
    expect(words[64]).not.toBe(0);
  });

  test("static tables are standard normal unless told otherwise", () => {
    const { tensors, model } = freshStatic({ vocabulary, dimension: 1000, seed: 1 });
    const { shape, data } = tensors.get("embedding.weight")!;
    expect(shape).toEqual([15, 1000]);
    expect(Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length)).toBeCloseTo(1, 1);
    const small = freshStatic({ vocabulary, dimension: 1000, seed: 1, deviation: 0.5 });
    expect(small.tensors.get("embedding.weight")!.data[7]).toBe(data[7]! / 2);
    expect(model).toMatchObject({ family: "static", dimension: 1000, maxLength: null });
  });

  test("impossible sizes are refused", () => {
    const options = { vocabulary, layers: 1, hiddenSize: 8, heads: 2, seed: 1 };
    expect(() => freshBert({ ...options, heads: 3 })).toThrow("not divisible");
    expect(() => freshBert({ ...options, layers: 0 })).toThrow("layers");
    expect(() => freshStatic({ vocabulary, dimension: 1.5, seed: 1 })).toThrow("dimension");
  });
});

/** A Python with sentence-transformers, named by the environment: the other side of the contract. */
const python = process.env["PEER_PYTHON"];
const script = `
import json, sys
from sentence_transformers import SentenceTransformer
from transformers import AutoModel
result = {}
for path, texts in json.load(sys.stdin):
    model = SentenceTransformer(path, device="cpu")
    vectors = model.encode(texts, batch_size=4)
    tokenizer = model.tokenizer
    ids = [tokenizer.encode(t, add_special_tokens=False).ids for t in texts] if "static" in path else tokenizer(texts)["input_ids"]
    if "static" not in path:
        _, info = AutoModel.from_pretrained(path, output_loading_info=True)
        missing = [name for name in info["missing_keys"] if not name.startswith("pooler.")]
    else:
        missing = []
    result[path] = dict(vectors=vectors.tolist(), ids=ids, missing=missing, length=model.max_seq_length if "static" not in path else None,
        prompts=model.prompts, similarity=str(model.similarity_fn_name), modules=[type(m).__name__ for m in model])
print(json.dumps(result))
`;

interface Peer {
  readonly vectors: readonly (readonly number[])[];
  readonly ids: readonly (readonly number[])[];
  readonly missing: readonly string[];
  readonly length: number | null;
  readonly prompts: Readonly<Record<string, string>>;
  readonly similarity: string;
  readonly modules: readonly string[];
}

function peer(requests: readonly (readonly [string, readonly string[]])[]): Readonly<Record<string, Peer>> {
  const output = execFileSync(python!, ["-c", script], {
    input: JSON.stringify(requests),
    env: { ...process.env, HF_HUB_OFFLINE: "1", TOKENIZERS_PARALLELISM: "false", OMP_NUM_THREADS: "1" },
    stdio: ["pipe", "pipe", "ignore"],
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(output.toString()) as Record<string, Peer>;
}

describe.skipIf(python === undefined)(
  "sentence-transformers and transformers open what is written (PEER_PYTHON)",
  () => {
    test.skipIf(!existsSync(fixtures))("with the vectors of the original, to 1e-5", async () => {
      const references = new Map(
        models.map((name) => [name, JSON.parse(readFileSync(join(fixtures, `references/${name}.json`), "utf8"))]),
      );
      const requests: [string, readonly string[]][] = [];
      for (const name of models) {
        const { model } = await openFolder(join(fixtures, "models", name));
        const path = join(root, "peer", name);
        await writeModelFolder(path, { model, tensors: loadWeights(model) });
        requests.push([path, references.get(name).texts]);
      }
      const found = peer(requests);
      for (const name of models) {
        const want = references.get(name);
        const got = found[join(root, "peer", name)]!;
        const vectors: readonly (readonly number[])[] = want.embeddings ?? want.cls_embeddings;
        const wanted = vectors.flat();
        const largest = Math.max(...wanted.map(Math.abs));
        const worst = Math.max(...got.vectors.flat().map((x, i) => Math.abs(x - wanted[i]!)));
        expect(got.vectors.length).toBe(vectors.length);
        expect(worst / largest, name).toBeLessThan(1e-5);
        expect(got.missing, name).toEqual([]);
        expect(got.length, name).toBe(want.max_seq_length);
      }
      expect(found[join(root, "peer", "bert-prompts")]!.prompts).toMatchObject({
        query: "query: ",
        clustering: "Identify the topic of: ",
      });
    });

    test("and fresh models, with the same tokens", async () => {
      const texts = ["The cat sat on the mats.", "", "a DOG constructor", "[MASK] café __proto__"];
      const bert = join(root, "peer", "fresh-bert");
      const still = join(root, "peer", "fresh-static");
      await writeModelFolder(bert, smallBert());
      await writeModelFolder(still, freshStatic({ vocabulary, dimension: 4, seed: 1 }));
      const found = peer([
        [bert, texts],
        [still, texts],
      ]);
      const tokenizer = new Tokenizer(vocabulary.tokenizer, vocabulary.config);
      expect(found[bert]!.ids).toEqual(texts.map((text) => tokenizer.encode(text).ids));
      expect(found[still]!.ids).toEqual(texts.map((text) => tokenizer.encode(text, { add_special_tokens: false }).ids));
      expect(found[bert]).toMatchObject({
        missing: [],
        length: 16,
        similarity: expect.stringMatching(/cosine/),
        modules: ["Transformer", "Pooling"],
      });
      expect(found[still]!.modules).toEqual(["StaticEmbedding"]);
      const table = (await openFolder(still)).weights.get("embedding.weight")!.data;
      expect(found[still]!.vectors[2]![0]).toBeCloseTo((table[1 * 4]! + table[11 * 4]! + table[13 * 4]!) / 3, 6);
      for (const x of found[bert]!.vectors.flat()) expect(Number.isFinite(x)).toBe(true);
    });
  },
);
