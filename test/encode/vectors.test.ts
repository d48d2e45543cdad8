import { join } from "node:path";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { type FreshModel, freshBert, freshStatic, writeModelFolder } from "#nearmiss/checkpoint/index.js";
import { trainWordPiece } from "#nearmiss/data/vocabulary.js";
import { type LoadedModel, load } from "#nearmiss/front/load.js";
import { temporaryFolder } from "../checkpoint/small.js";

const root = temporaryFolder();
const generator = rng(7, "texts");
const word = () => `w${generator.int(90)}`;
/** Texts of 0 to 39 words, and three odd ones. */
const texts = [
  ...Array.from({ length: 40 }, (_, i) => Array.from({ length: i }, word).join(" ")),
  "w1",
  " w1",
  "[SEP] w2 [MASK]",
];
const vocabulary = trainWordPiece(texts, { size: 200 });

async function folder(name: string, { model, tensors }: FreshModel): Promise<string> {
  const path = join(root, name);
  await writeModelFolder(path, { model, tensors });
  return path;
}

async function bytesOf(model: LoadedModel, some: readonly string[]): Promise<string[]> {
  const { data, dimension } = await model.encode(some);
  return some.map((_, i) => Buffer.from(data.slice(i * dimension, (i + 1) * dimension).buffer).toString("hex"));
}

// 128 and 512 are the sizes at which a product's bits depend on how it is shared among threads; the odd ones have remainders everywhere.
test.each([
  ["small sizes", 128, 512],
  ["odd sizes", 20, 13],
])(
  "a text's vector has the same bits alone, among others, in any order and with any number of threads: %s",
  async (name, hiddenSize, intermediateSize) => {
    const path = await folder(
      name,
      freshBert({
        vocabulary,
        layers: 1,
        hiddenSize,
        heads: 4,
        intermediateSize,
        maxLength: 64,
        seed: 3,
        deviation: 0.2,
      }),
    );
    const wanted = new Map<string, string>();
    const check = (some: readonly string[], found: readonly string[]): void => {
      some.forEach((text, i) => {
        if (!wanted.has(text)) wanted.set(text, found[i] as string);
        expect(found[i] === wanted.get(text), JSON.stringify(text)).toBe(true);
      });
    };
    for (const threads of [1, 2, 5]) {
      const model = await load(path, { threads });
      for (const some of [texts, texts.toReversed(), texts.toSorted(), [...texts, ...texts]])
        check(some, await bytesOf(model, some));
      for (const text of texts) check([text], await bytesOf(model, [text]));
      for (let start = 0; start + 5 < texts.length; start += 3) {
        const some = texts.slice(start, start + 5);
        check(some, await bytesOf(model, some));
      }
      await model.close();
    }
    expect(wanted.size).toBe(texts.length);
    // "w1" and " w1" are the same tokens; all others differ.
    expect(new Set(wanted.values()).size).toBe(texts.length - 1);
  },
);

test("texts longer than the model are counted, and give the vector of what was kept", async () => {
  const path = await folder(
    "short",
    freshBert({ vocabulary, layers: 1, hiddenSize: 8, heads: 2, maxLength: 6, seed: 1 }),
  );
  for (const cache of [null, join(root, "warm"), join(root, "warm")]) {
    const warnings = collectWarnings();
    const model = await load(path, { threads: 1, warnings, cache });
    const [cut, whole] = await bytesOf(model, ["w1 w2 w3 w4 w5 w6 w7", "w1 w2 w3 w4", "w1 ".repeat(50)]);
    expect(cut).toBe(whole);
    expect(warnings.list()).toEqual([
      { code: "truncated-text", count: 2, message: expect.stringContaining("6 tokens") },
    ]);
    await model.close();
  }
});

test("a static model's vectors too", async () => {
  const path = await folder("static", freshStatic({ vocabulary, dimension: 33, seed: 1 }));
  const one = await load(path, { threads: 1 });
  const two = await load(path, { threads: 2 });
  const together = await bytesOf(one, texts);
  expect(await bytesOf(two, texts.toReversed())).toEqual(together.toReversed());
  for (const [i, text] of texts.entries()) expect(await bytesOf(two, [text])).toEqual([together[i]]);
  await one.close();
  await two.close();
});
