import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { pull } from "#nearmiss/checkpoint/pull.js";
import { neededFiles } from "#nearmiss/checkpoint/pull-files.js";
import { COMMIT, type FakeHub, type FakeHubOptions, fakeHub } from "./fake-hub.js";

const root = mkdtempSync(join(tmpdir(), "nearmiss-pull-"));
afterAll(() => rmSync(root, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const weights = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
const files = new Map<string, Uint8Array>([
  ["config.json", bytes('{"model_type": "bert"}')],
  ["README.md", bytes("---\nlicense: apache-2.0\n---\n")],
  ["1_Pooling/config.json", bytes("{}")],
  ["model.safetensors", weights],
  ["pytorch_model.bin", weights],
  ["onnx/model.onnx", weights],
]);
const wanted = ["1_Pooling/config.json", "README.md", "config.json", "model.safetensors"];
const repository = "some-org/some-model";

let hub: FakeHub;
afterEach(() => hub.close());
const serve = async (options: Partial<FakeHubOptions> = {}) => {
  hub = await fakeHub({ repository, files, large: ["model.safetensors"], ...options });
  return hub.endpoint;
};
let folders = 0;
const folder = () => join(root, `model-${folders++}`);

test("a model comes with what reading it needs, its card included, and nothing else", async () => {
  const out = folder();
  const result = await pull({ repository, out, endpoint: await serve() });
  expect(result.commit).toBe(COMMIT);
  expect(result.files.map((file) => file.path).sort()).toEqual(wanted);
  expect(readdirSync(out, { recursive: true }).sort()).toEqual(["1_Pooling", ...wanted, "nearmiss.pull.json"].sort());
  for (const path of wanted) expect(readFileSync(join(out, path)).equals(files.get(path) as Uint8Array)).toBe(true);
});

test("what is there and right is not fetched again; what is there and wrong is", async () => {
  const out = folder();
  const endpoint = await serve();
  await pull({ repository, out, endpoint });
  writeFileSync(join(out, "config.json"), "{}");
  hub.fetched.length = 0;
  await pull({ repository, out, endpoint });
  expect(new Set(hub.fetched.map(({ path }) => path))).toEqual(new Set(["config.json"]));
  expect(readFileSync(join(out, "config.json"), "utf8")).toBe('{"model_type": "bert"}');
});

test("a transfer that broke off goes on where it stopped", async () => {
  const out = folder();
  const endpoint = await serve({ breaks: new Map([["model.safetensors", 1_000_000]]) });
  await expect(pull({ repository, out, endpoint })).rejects.toMatchObject({ code: "connection", exitCode: 1 });
  expect(existsSync(join(out, "model.safetensors"))).toBe(false);
  hub.fetched.length = 0;
  await pull({ repository, out, endpoint });
  const starts = hub.fetched.map(({ range }) => Number(/^bytes=(\d+)/.exec(range ?? "")?.[1] ?? 0));
  expect(Math.max(...starts)).toBeGreaterThan(100_000);
  expect(readFileSync(join(out, "model.safetensors")).equals(weights)).toBe(true);
  expect(readdirSync(out).filter((name) => name.endsWith(".pulling"))).toEqual([]);
});

test("content with another hash is refused, and never stands under the file's name", async () => {
  const out = folder();
  const endpoint = await serve({ damaged: new Set(["model.safetensors"]) });
  await expect(pull({ repository, out, endpoint })).rejects.toMatchObject({ code: "wrong-hash" });
  expect(existsSync(join(out, "model.safetensors"))).toBe(false);
});

test("a token is sent; without it the error says what to set", async () => {
  const endpoint = await serve({ token: "hf_secret" });
  await expect(pull({ repository, out: folder(), endpoint })).rejects.toMatchObject({
    code: "no-access",
    exitCode: 2,
    message: expect.stringContaining("HF_TOKEN"),
  });
  expect((await pull({ repository, out: folder(), endpoint, token: "hf_secret" })).commit).toBe(COMMIT);
});

test("unknown models, models of pickles alone and folders of other things are refused", async () => {
  const pickles = new Map([...files].filter(([path]) => !path.endsWith(".safetensors")));
  const endpoint = await serve({ files: pickles });
  await expect(pull({ repository, out: folder(), endpoint })).rejects.toMatchObject({
    code: "no-weights",
    message: expect.stringContaining("pytorch_model.bin"),
  });
  await expect(pull({ repository: "some-org/other", out: folder(), endpoint })).rejects.toMatchObject({
    code: "no-such-model",
  });
  await expect(pull({ repository: "../etc", out: folder(), endpoint })).rejects.toMatchObject({ code: "usage" });
  const taken = folder();
  await expect(pull({ repository, out: root, endpoint })).rejects.toMatchObject({ code: "exists" });
  expect(existsSync(taken)).toBe(false);
});

test("shards and sentence-transformers' modules are needed; other frameworks' weights are not", () => {
  const paths = [
    "model.safetensors.index.json",
    "model-00001-of-00002.safetensors",
    "2_Dense/model.safetensors",
    "0_StaticEmbedding/tokenizer.json",
    "LICENSE.txt",
    "tf_model.h5",
    "openvino/openvino_model.xml",
    "2_Dense/pytorch_model.bin",
    ".gitattributes",
    "train_script.py",
  ];
  expect(neededFiles(paths)).toEqual(paths.slice(0, 5));
});
