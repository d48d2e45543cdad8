import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { loadWeights, readModelFolder } from "#nearmiss/checkpoint/index.js";

const fixtures = fileURLToPath(new URL("../../../shared/fixtures/", import.meta.url));
const here = existsSync(fixtures);
const open = async (name: string) => {
  const warnings = collectWarnings();
  const model = await readModelFolder(join(fixtures, name), warnings);
  return { model, warnings: warnings.list(), weights: loadWeights(model) };
};

interface Expected {
  readonly bad: Readonly<Record<string, { readonly must_contain: readonly string[]; readonly or_warning?: boolean }>>;
}
const expected: Expected = here ? JSON.parse(readFileSync(join(fixtures, "bad/expected.json"), "utf8")) : { bad: {} };

describe.skipIf(!here)("a corrupt folder is refused, and the message says why", () => {
  test.each(Object.entries(expected.bad))("%s", async (name, { must_contain: words, or_warning: orWarning }) => {
    let message = "";
    try {
      const { warnings } = await open(`bad/${name}`);
      expect(orWarning, "nothing was thrown").toBe(true);
      message = warnings.map((warning) => warning.message).join("\n");
    } catch (error) {
      expect(error).toMatchObject({ name: "NearmissError", exitCode: 2 });
      message = (error as Error).message;
    }
    for (const word of words) expect(message).toContain(word);
  });

  test("and the intact folder is read", async () => {
    const { model, weights, warnings } = await open("bad/ok");
    expect(warnings).toEqual([]);
    expect(model).toMatchObject({ family: "bert", dimension: 8, maxLength: 16, head: [{ type: "normalize" }] });
    expect(weights.get("embeddings.word_embeddings.weight")?.shape).toEqual([24, 8]);
  });
});

describe.skipIf(!here)("the layouts of every version are read", () => {
  const reference = (name: string) => JSON.parse(readFileSync(join(fixtures, `references/${name}.json`), "utf8"));

  test.each([
    ["bert-mean", ["mean"], ["normalize"]],
    ["bert-mean-legacy", ["mean"], ["normalize"]],
    ["bert-cls-dense", ["cls"], ["dense"]],
    ["bert-zh", ["cls"], []],
    ["bert-prompts", ["mean"], ["normalize"]],
    ["bert-mlm", ["cls"], []],
    ["static", undefined, []],
  ])("%s", async (name, modes, head) => {
    const { model, weights, warnings } = await open(`models/${name}`);
    const want = reference(name);
    expect(warnings).toEqual([]);
    expect(model.maxLength).toBe(want.max_seq_length);
    if (want.embedding_dimension !== undefined) expect(model.dimension).toBe(want.embedding_dimension);
    expect(model.pooling?.modes).toEqual(modes);
    expect(model.head.map(({ type }) => type)).toEqual(head);
    const shapes = Object.entries(want.tensors)
      .filter(([tensor]) => !tensor.endsWith("position_ids"))
      .map(([tensor, shape]) => [tensor.replace(/^bert\./, ""), shape]);
    const found = [...weights].map(([tensor, { shape }]) => [tensor, shape] as const);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(shapes));
    for (const { data, shape } of weights.values()) expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
  });

  test("the old layout of the same weights means the same model", async () => {
    const now = (await open("models/bert-mean")).model;
    const before = (await open("models/bert-mean-legacy")).model;
    for (const key of ["family", "config", "pooling", "head", "maxLength", "dimension", "similarity"] as const)
      expect(before[key], key).toEqual(now[key]);
    expect(before.tokenizerJson).not.toEqual(now.tokenizerJson);
    expect(before.fingerprint).not.toBe(now.fingerprint);
  });

  test("prompts, a dense layer, and the place of a tensor with its prefix", async () => {
    const { model: prompts } = await open("models/bert-prompts");
    expect([...prompts.prompts]).toEqual([
      ["clustering", "Identify the topic of: "],
      ["document", "passage: "],
      ["query", "query: "],
    ]);
    expect(prompts).toMatchObject({ defaultPromptName: null, similarity: "cosine" });
    const { model: dense } = await open("models/bert-cls-dense");
    expect(dense.head).toEqual([
      { type: "dense", prefix: "2_Dense/", inFeatures: 32, outFeatures: 24, bias: true, activation: "tanh" },
    ]);
    expect(dense.places.get("2_Dense/linear.bias")).toEqual({ folder: "2_Dense", tensor: "linear.bias" });
    const { model: mlm } = await open("models/bert-mlm");
    expect(mlm.places.get("embeddings.LayerNorm.bias")).toEqual({
      folder: "",
      tensor: "bert.embeddings.LayerNorm.bias",
    });
    expect(mlm.places.has("cls.predictions.bias")).toBe(true);
  });

  test.each(["bert-cross-encoder", "clip-tiny"])(
    "%s is not supported yet, and the message lists what is",
    async (name) => {
      await expect(open(`models/${name}`)).rejects.toMatchObject({
        code: "unsupported-model",
        detail: { expected: expect.stringMatching(/bert|SentenceTransformer|StaticEmbedding/) },
      });
    },
  );
});
