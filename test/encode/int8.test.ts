import { join } from "node:path";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { freshBert, freshStatic, writeModelFolder } from "#nearmiss/checkpoint/index.js";
import { trainWordPiece } from "#nearmiss/data/vocabulary.js";
import { load } from "#nearmiss/front/load.js";
import { temporaryFolder } from "../checkpoint/small.js";

const root = temporaryFolder();
const generator = rng(7, "texts");
const texts = Array.from({ length: 40 }, (_, i) =>
  Array.from({ length: i + 1 }, () => `w${generator.int(90)}`).join(" "),
);
const vocabulary = trainWordPiece(texts, { size: 200 });
const bert = join(root, "bert");
const sizes = { layers: 2, hiddenSize: 64, heads: 4, intermediateSize: 128, maxLength: 64, seed: 3, deviation: 0.2 };
const fresh = freshBert({ vocabulary, ...sizes });
await writeModelFolder(bert, { model: fresh.model, tensors: fresh.tensors });

async function vectors(
  path: string,
  some: readonly string[],
  options: Parameters<typeof load>[1],
): Promise<Float32Array[]> {
  const model = await load(path, options);
  const { data, dimension } = await model.encode(some);
  await model.close();
  return some.map((_, i) => data.slice(i * dimension, (i + 1) * dimension));
}

/** Cosines of the vectors in both precisions, ascending. */
async function cosines(path: string, some: readonly string[]): Promise<number[]> {
  const [a, b] = [await vectors(path, some, {}), await vectors(path, some, { precision: "int8" })];
  expect(b).not.toEqual(a);
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return a
    .map(
      (x, i) => dot(x, b[i] as Float32Array) / Math.sqrt(dot(x, x) * dot(b[i] as Float32Array, b[i] as Float32Array)),
    )
    .sort((x, y) => x - y);
}

test("vectors by 8-bit integers are near those of float32", async () => {
  const found = await cosines(bert, texts);
  expect(found[0]).toBeGreaterThan(0.98);
});

test("a text's vector has the same bits alone, among others and with any number of threads", async () => {
  const whole = await vectors(bert, texts, { precision: "int8", threads: 2 });
  const backwards = await vectors(bert, texts.toReversed(), { precision: "int8", threads: 1 });
  expect(backwards.toReversed()).toEqual(whole);
  const [alone] = await vectors(bert, texts.slice(7, 8), { precision: "int8", threads: 1 });
  expect(alone).toEqual(whole[7]);
});

test("the cache keeps precisions apart", async () => {
  const cache = join(root, "cache");
  const plain = await vectors(bert, texts, { cache });
  const int8 = await vectors(bert, texts, { cache, precision: "int8" });
  expect(int8).not.toEqual(plain);
  expect(await vectors(bert, texts, { cache })).toEqual(plain);
  expect(await vectors(bert, texts, { cache, precision: "int8" })).toEqual(int8);
});

test("a static model is refused", async () => {
  const path = join(root, "static");
  const { model, tensors } = freshStatic({ vocabulary, dimension: 16, seed: 1 });
  await writeModelFolder(path, { model, tensors });
  await expect(load(path, { precision: "int8" })).rejects.toMatchObject({ code: "no-int8", exitCode: 2 });
});
