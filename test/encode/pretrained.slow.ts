import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { type LoadedModel, load } from "#nearmiss/front/load.js";

const path = fileURLToPath(new URL("../../../shared/pretrained/models/all-MiniLM-L6-v2/", import.meta.url));
const words = "what are the symptoms of diabetes and how is it treated in children or older people today".split(" ");
const generator = rng(3, "texts");
/** Texts of 0 to 290 words, past the model's 256 tokens. */
const texts = Array.from({ length: 30 }, (_, i) =>
  Array.from({ length: i * 10 }, () => words[generator.int(words.length)]).join(" "),
);

async function bytesOf(model: LoadedModel, some: readonly string[]): Promise<string[]> {
  const { data, dimension } = await model.encode(some);
  return some.map((_, i) => Buffer.from(data.slice(i * dimension, (i + 1) * dimension).buffer).toString("hex"));
}

test.skipIf(!existsSync(path))(
  "a pretrained encoder's vectors have the same bits alone, in any order and with any number of threads",
  async () => {
    const wanted = new Map<string, string>();
    for (const threads of [1, 2, 8]) {
      const model = await load(path, { threads });
      for (const some of [texts, texts.toReversed(), ...texts.map((text) => [text])]) {
        const found = await bytesOf(model, some);
        some.forEach((text, i) => {
          if (!wanted.has(text)) wanted.set(text, found[i] as string);
          expect(found[i] === wanted.get(text), `${text.length} characters, ${threads} threads`).toBe(true);
        });
      }
      await model.close();
    }
    expect(wanted.size).toBe(texts.length);
  },
  300_000,
);

test.skipIf(!existsSync(path))(
  "by 8-bit integers its vectors have a mean cosine of at least .99 to float32, and a first percentile of at least .98",
  async () => {
    const [exact, rounded] = [await load(path), await load(path, { precision: "int8" })];
    const some = Array.from({ length: 120 }, (_, i) =>
      Array.from({ length: 1 + 2 * i }, () => words[generator.int(words.length)]).join(" "),
    );
    const [a, b] = [await exact.encode(some), await rounded.encode(some)];
    for (const model of [exact, rounded]) await model.close();
    expect(b.data).not.toEqual(a.data);
    const cosines = some
      .map((_, row) => {
        let dot = 0;
        for (let i = row * a.dimension; i < (row + 1) * a.dimension; i++)
          dot += (a.data[i] as number) * (b.data[i] as number);
        return dot;
      })
      .sort((x, y) => x - y);
    expect(cosines.reduce((sum, value) => sum + value, 0) / cosines.length).toBeGreaterThan(0.99);
    expect(cosines[Math.floor(cosines.length / 100)]).toBeGreaterThan(0.98);
  },
  300_000,
);
