import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ModelCardOptions, modelCard } from "#nearmiss/report/model-card.js";
import { writeModelCard } from "#nearmiss/report/write-model-card.js";
import { writeSyntheticRun } from "./synthetic-run.js";

const measure = { mean: 0.65, low: 0.63, high: 0.67, n: 100 };
const options: ModelCardOptions = {
  name: "medical search",
  architecture: "static embeddings",
  dimension: 256,
  similarity: "cosine",
  maxLength: null,
  baseModel: null,
  data: { source: "data/medquad", format: "BEIR folder", fingerprint: "sha256:ab" },
  licence: null,
  version: "0.1.0",
  fingerprint: "sha256:4f",
  training: [
    ["loss", "mnrl"],
    ["learning rate", 0.1],
    ["weight decay", 5e-5],
  ],
  evaluation: {
    data: { fingerprint: "sha256:ab", split: "test", queries: 2000, documents: 16407 },
    systems: [
      { name: "medical search", kind: "model", fingerprint: "sha256:4f", measures: { "ndcg@10": measure } },
      { name: "bm25", kind: "bm25", fingerprint: "sha256:5f", measures: { "ndcg@10": { ...measure, mean: 0.55 } } },
    ],
    comparisons: [
      {
        a: "medical search",
        b: "bm25",
        measure: "ndcg@10",
        difference: 0.1,
        low: 0.08,
        high: 0.12,
        p: 0.0001,
        test: "randomisation",
        resamples: 10000,
        wins: 5,
        ties: 3,
        losses: 2,
      },
    ],
  },
  onnx: true,
};

test("the card has the Hub's front matter, usage, results and options", () => {
  const card = modelCard(options);
  expect(card).toMatch(
    /^---\nlibrary_name: sentence-transformers\npipeline_tag: sentence-similarity\ntags:\n- sentence-transformers\n/,
  );
  expect(card).toContain('import { load } from "nearmiss";');
  expect(card).toContain("SentenceTransformer(");
  expect(card).toContain("@huggingface/transformers");
  expect(card).toContain("| BM25 | 0.550 [0.630, 0.670] |");
  expect(card).toContain("| BM25 | nDCG@10 | +0.100 | < 0.001 | 5 / 3 / 2 |");
  expect(card).toContain("| learning rate | 0.1 |\n| weight decay | 0.00005 |");
  expect(card).toContain("Not stated");
});

test("missing parts are said and the licence is taken", () => {
  const card = modelCard({
    ...options,
    evaluation: null,
    onnx: false,
    licence: "mit",
    baseModel: "org/base",
    maxLength: 256,
  });
  expect(card).toContain("has not been evaluated");
  expect(card).not.toContain("@huggingface/transformers");
  expect(card).toContain('license: "mit"\nbase_model: "org/base"\n---');
  expect(card).toContain("first 256 tokens");
});

test("names cannot break tables, front matter or code", () => {
  const card = modelCard({ ...options, name: "a\n---\n# <b>|x", data: { ...options.data, source: "a`b\nc" } });
  expect(card).toContain("# a --- \\# \\<b\\>|x");
  expect(card).toContain("`a'b c`");
  expect(card.match(/^---$/gm)).toHaveLength(2);
});

test("the card of a run tells what its files say, and needs them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nearmiss-card-"));
  const model = { architecture: "static embeddings", dimension: 256, similarity: "cosine", maxLength: null } as const;
  await expect(writeModelCard(folder, model)).rejects.toThrow(/configuration and manifest/);
  writeSyntheticRun(folder);
  const card = readFileSync(await writeModelCard(folder, model), "utf8");
  expect(card).toContain("`data/medquad` (BEIR folder, `sha256:abab");
  expect(card).toContain('| samplerParams | {"a":0.5} |');
  expect(card).toContain("| static | 0.655 [0.637, 0.673] |");
  expect(card).not.toContain("@huggingface/transformers");
  rmSync(folder, { recursive: true });
});
