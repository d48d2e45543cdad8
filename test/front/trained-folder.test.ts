import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AutoModel, AutoTokenizer, env, LogLevel, type Tensor } from "@huggingface/transformers";
import { beforeAll, describe, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { loadWeights, readModelFolder, writeModelFolder } from "#nearmiss/checkpoint/index.js";
import { exportModel } from "#nearmiss/front/export.js";
import { load } from "#nearmiss/front/load.js";
import { train } from "#nearmiss/front/train.js";
import { temporaryFolder } from "../checkpoint/small.js";

const root = temporaryFolder();
env.allowRemoteModels = false;
env.localModelPath = root;
env.useFSCache = false;
env.logLevel = LogLevel.ERROR;

const fixture = fileURLToPath(new URL("../../../shared/fixtures/models/bert-prompts/", import.meta.url));
/** A Python with sentence-transformers, named by the environment. */
const python = process.env["PEER_PYTHON"];
const texts = ["w1 w2 topic3", "", "Topic3, w77 and something unknown!", "w4", "w5 w6 ".repeat(60)];

/** Questions about one of 30 topics, each with a document that names the topic. */
function writePairs(path: string): void {
  const generator = rng(11, "pairs");
  const words = (count: number) => Array.from({ length: count }, () => `w${generator.int(80)}`).join(" ");
  const lines = Array.from({ length: 160 }, (_, i) => {
    const topic = `topic${i % 30}`;
    return JSON.stringify({ query: `${words(3)} ${topic} q${i}`, positive: `${topic} ${words(8)} d${i}` });
  });
  writeFileSync(path, `${lines.join("\n")}\n`);
}

async function inNearmiss(path: string, as: "query" | "document"): Promise<number[][]> {
  const model = await load(path, { threads: 1 });
  const { data, dimension } = await model.encode(texts, { as });
  await model.close();
  return texts.map((_, i) => Array.from(data.subarray(i * dimension, (i + 1) * dimension)));
}

async function inTransformersJs(name: string, prompt: string): Promise<number[][]> {
  const options = { dtype: "fp32", local_files_only: true } as const;
  const tokenizer = await AutoTokenizer.from_pretrained(name, options);
  const model = await AutoModel.from_pretrained(name, options);
  const inputs = tokenizer(
    texts.map((text) => prompt + text),
    { padding: true, truncation: true },
  );
  const { sentence_embedding: vectors } = (await model(inputs)) as Record<string, Tensor>;
  return (vectors as Tensor).tolist() as number[][];
}

const script = `
import json, sys
from sentence_transformers import SentenceTransformer
paths, texts = json.load(sys.stdin)
result = {}
for path in paths:
    model = SentenceTransformer(path, device="cpu")
    result[path] = dict(query=model.encode_query(texts).tolist(), document=model.encode_document(texts).tolist())
print(json.dumps(result))
`;

/** Vectors by path and role. */
function inPython(paths: readonly string[]): Record<string, Record<"query" | "document", number[][]>> {
  const output = execFileSync(python as string, ["-c", script], {
    input: JSON.stringify([paths, texts]),
    env: { ...process.env, HF_HUB_OFFLINE: "1", TOKENIZERS_PARALLELISM: "false", OMP_NUM_THREADS: "1" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  return JSON.parse(output.toString()) as ReturnType<typeof inPython>;
}

function expectClose(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void {
  expect(found.map((row) => row.length)).toEqual(wanted.map((row) => row.length));
  const largest = Math.max(1, ...wanted.flat().map(Math.abs));
  const worst = Math.max(...found.flat().map((x, i) => Math.abs(x - (wanted.flat()[i] as number))));
  expect(worst / largest).toBeLessThan(1e-5);
}

const sizes = { epochs: 2, batchSize: 16, dimension: 16, vocabularySize: 300, depth: 10, devDocuments: 40 } as const;
const runs: readonly (readonly [string, Parameters<typeof train>[0]])[] = [
  ["static", { data: "", out: "", model: "static", ...sizes }],
  ["static-short", { data: "", out: "", model: "static", maxLength: 6, ...sizes }],
  ["bert", { data: "", out: "", model: "bert", layers: 1, heads: 2, intermediate: 24, maxLength: 20, ...sizes }],
];

describe("the folder that training leaves opens elsewhere with the same vectors", () => {
  const data = join(root, "pairs.jsonl");
  beforeAll(() => writePairs(data));

  test.each(runs)("%s", async (name, options) => {
    const out = join(root, name);
    await train({ ...options, data, out, threads: 1, warnings: collectWarnings() });
    const wanted = await inNearmiss(join(out, "model"), "document");
    expectClose(await inTransformersJs(`${name}/model`, ""), wanted);
  });

  test.skipIf(python === undefined)("all of them in sentence-transformers (PEER_PYTHON)", async () => {
    const paths = runs.map(([name]) => join(root, name, "model"));
    for (const [path, found] of Object.entries(inPython(paths))) {
      expectClose(found.document, await inNearmiss(path, "document"));
      expectClose(found.query, await inNearmiss(path, "query"));
    }
  });
});

describe.skipIf(!existsSync(fixture))("prompts of queries and documents", () => {
  const path = join(root, "prompts");
  beforeAll(async () => {
    const model = await readModelFolder(fixture, collectWarnings());
    await writeModelFolder(path, { model, tensors: loadWeights(model) });
    await exportModel({ model: path });
  });

  test("are the caller's in transformers.js", async () => {
    const { prompts } = await readModelFolder(path, collectWarnings());
    for (const as of ["query", "document"] as const)
      expectClose(await inTransformersJs("prompts", prompts.get(as) ?? ""), await inNearmiss(path, as));
  });

  test.skipIf(python === undefined)("are encode_query's and encode_document's (PEER_PYTHON)", async () => {
    const { query = [], document = [] } = inPython([path])[path] ?? {};
    expectClose(query, await inNearmiss(path, "query"));
    expectClose(document, await inNearmiss(path, "document"));
    expect(query).not.toEqual(document);
  });
});
