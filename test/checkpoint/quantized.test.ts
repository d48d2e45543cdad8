import { statSync } from "node:fs";
import { join } from "node:path";
import { AutoModel, AutoTokenizer, env, LogLevel, type Tensor } from "@huggingface/transformers";
import { expect, test } from "vitest";
import { type FreshModel, freshBert, freshStatic, writeModelFolder } from "#nearmiss/checkpoint/index.js";
import { exportModel } from "#nearmiss/front/export.js";
import { load } from "#nearmiss/front/load.js";
import { temporaryFolder, vocabulary } from "./small.js";

const root = temporaryFolder();
env.allowRemoteModels = false;
env.localModelPath = root;
env.useFSCache = false;
env.logLevel = LogLevel.ERROR;

const texts = ["The cat sat on the mats.", "a DOG constructor", "dog", "cat on mat ".repeat(9)];
const sizes = { layers: 2, hiddenSize: 64, heads: 4, intermediateSize: 256, maxLength: 32, seed: 3, deviation: 0.2 };
const models: readonly (readonly [string, () => FreshModel])[] = [
  ["bert", () => freshBert({ vocabulary, ...sizes })],
  ["static", () => freshStatic({ vocabulary, dimension: 256, seed: 3 })],
];

test.each(models)(
  "a quantised %s opens in transformers.js as q8, is a third of the size, and gives nearly the same vectors",
  async (name, make) => {
    const path = join(root, name);
    const fresh = make();
    await writeModelFolder(path, { model: fresh.model, tensors: fresh.tensors });
    const whole = await exportModel({ model: path });
    const { file, bytes } = await exportModel({ model: path, quantize: "int8" });
    expect(file).toBe(join(path, "onnx", "model_quantized.onnx"));
    expect(statSync(file).size).toBe(bytes);
    expect(bytes).toBeLessThan(0.4 * whole.bytes);

    const tokenizer = await AutoTokenizer.from_pretrained(name, { local_files_only: true });
    const opened = await AutoModel.from_pretrained(name, { dtype: "q8", local_files_only: true });
    const inputs = tokenizer([...texts], { padding: true, truncation: true });
    const { sentence_embedding } = (await opened(inputs)) as Record<string, Tensor>;
    const found = (sentence_embedding as Tensor).tolist() as number[][];
    const model = await load(path, { threads: 1 });
    const { data, dimension } = await model.encode(texts);
    await model.close();
    found.forEach((row, i) => {
      const wanted = [...data.subarray(i * dimension, (i + 1) * dimension)];
      const dot = (a: readonly number[], b: readonly number[]) =>
        a.reduce((sum, x, j) => sum + x * (b[j] as number), 0);
      const cosine = dot(row, wanted) / Math.sqrt(dot(row, row) * dot(wanted, wanted));
      expect(cosine, `text ${i}`).toBeGreaterThan(0.99);
      expect(cosine, `text ${i}`).toBeLessThan(1 - 1e-9);
    });
  },
);
