import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { folderOf, openFolder, smallBert, temporaryFolder } from "./small.js";

const root = temporaryFolder();

/** Paths of every value in a JSON document. */
function* places(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  yield path;
  if (typeof value === "object" && value !== null)
    for (const [key, held] of Object.entries(value)) yield* places(held, [...path, key]);
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy: unknown = Array.isArray(value) ? [...value] : { ...(value as object) };
  const held = (value as Record<string, unknown>)[key];
  Object.defineProperty(copy, key, { value: replaced(held, rest, by), enumerable: true });
  return copy;
}

test("whatever stands in the JSON files of a folder, it is read or refused in plain words", async () => {
  const { model, tensors } = smallBert();
  const dense = {
    type: "dense",
    prefix: "2_Dense/",
    inFeatures: 8,
    outFeatures: 2,
    bias: false,
    activation: "relu",
  } as const;
  const path = await folderOf(root, "model", {
    model: {
      ...model,
      head: [dense, { type: "normalize" }],
      places: new Map([...model.places, ["2_Dense/linear.weight", { folder: "2_Dense", tensor: "linear.weight" }]]),
    },
    tensors: new Map([
      ...tensors,
      ["2_Dense/linear.weight", { dtype: "float32", shape: [2, 8], data: new Float32Array(16) }],
    ]),
  });
  const files = [
    "modules.json",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "1_Pooling/config.json",
    "2_Dense/config.json",
    "nearmiss.json",
  ];
  const originals = new Map(files.map((name) => [name, readFileSync(join(path, name), "utf8")]));
  const damage = fc.constantFrom(...files).chain((name) => {
    const original: unknown = JSON.parse(originals.get(name)!);
    const where = fc.constantFrom(...places(original));
    const by = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom("..", "/etc", "C:\\x", "__proto__", -1, 0, 1e308, 2 ** 53, 0.5, true, [], {}),
    );
    return fc
      .record({ name: fc.constant(name), where, by })
      .map((at) => ({ name, text: JSON.stringify(replaced(original, at.where, at.by)) }));
  });
  let refused = 0;
  let opened = 0;
  await fc.assert(
    fc.asyncProperty(damage, async ({ name, text }) => {
      writeFileSync(join(path, name), text);
      try {
        const read = await openFolder(path);
        opened += 1;
        if (read.model.maxLength !== null) expect(read.model.maxLength).toBeGreaterThan(0);
        expect(read.model.dimension).toBeGreaterThan(0);
      } catch (error) {
        refused += 1;
        expect(error).toMatchObject({
          name: "NearmissError",
          exitCode: 2,
          detail: { file: expect.stringContaining(path) },
        });
      } finally {
        writeFileSync(join(path, name), originals.get(name)!);
      }
    }),
    { seed: 1, numRuns: 200 },
  );
  expect([opened > 20, refused > 20]).toEqual([true, true]);
});
