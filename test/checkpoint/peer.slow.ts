import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import {
  encoderOf,
  freshCrossEncoder,
  freshMaskedLm,
  loadWeights,
  maskedLanguageModelOf,
  readCrossEncoder,
  readModelFolder,
  type TransformerDescription,
  writeCrossEncoder,
  writeModelFolder,
} from "#nearmiss/checkpoint/index.js";
import { openCrossEncoder } from "#nearmiss/encode/cross-encoder.js";
import { openTensors, sequencer } from "#nearmiss/encode/model.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import type { Engine } from "#nearmiss/engine/types.js";
import { temporaryFolder, vocabulary } from "./small.js";

/** A Python with sentence-transformers and transformers: it makes random models of every architecture, and opens what is written. */
const python = process.env["PEER_PYTHON"];

const root = temporaryFolder();
const common = { vocab_size: 15, initializer_range: 0.3, pad_token_id: 0, max_position_embeddings: 24 };
const wide = { hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 12 };
const architectures = {
  bert: { model_type: "bert", ...wide, hidden_act: "gelu_new" },
  roberta: { model_type: "roberta", ...wide, type_vocab_size: 1 },
  camembert: { model_type: "camembert", ...wide, type_vocab_size: 1, pad_token_id: 1 },
  "xlm-roberta": { model_type: "xlm-roberta", ...wide, type_vocab_size: 1 },
  mpnet: { model_type: "mpnet", ...wide },
  distilbert: { model_type: "distilbert", dim: 8, n_layers: 2, n_heads: 2, hidden_dim: 12, activation: "relu" },
  "electra-narrow": { model_type: "electra", ...wide, embedding_size: 6 },
  electra: { model_type: "electra", ...wide, embedding_size: 8 },
  modernbert: {
    model_type: "modernbert",
    ...wide,
    num_hidden_layers: 4,
    local_attention: 4,
    classifier_pooling: "mean",
  },
  "modernbert-biased": {
    ...{
      model_type: "modernbert",
      ...wide,
      global_attn_every_n_layers: 2,
      local_attention: 6,
      classifier_pooling: "cls",
    },
    ...{ attention_bias: true, mlp_bias: true, norm_bias: true, classifier_bias: true },
  },
} as const;
const names = Object.keys(architectures) as (keyof typeof architectures)[];
const texts = [
  "The cat sat on the mats.",
  "",
  "a DOG constructor",
  "[MASK] the cat [PAD] on the mat",
  "dog cat ".repeat(20),
];
const pairs = [
  ["the cat", "sat on the mat."],
  ["", "dog"],
  ["the dog sat on the mat ".repeat(4), "the cat"],
  ["cat ".repeat(30), "dog ".repeat(17)],
] as const;

const script = `
import json, sys, torch
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoModelForMaskedLM, PreTrainedTokenizerFast
from sentence_transformers import SentenceTransformer, CrossEncoder
request = json.load(sys.stdin)
result = {}
def rows(value): return torch.as_tensor(value).double().reshape(len(value), -1).tolist()
if request["do"] == "make":
    for name, config in request["architectures"].items():
        for kind, maker, more in (("one", AutoModelForSequenceClassification, {"num_labels": 1}), ("three", AutoModelForSequenceClassification, {"num_labels": 3}), ("guess", AutoModelForMaskedLM, {})):
            torch.manual_seed(7)
            model = maker.from_config(AutoConfig.for_model(**{**request["common"], **config, **more})).eval()
            with torch.no_grad():
                for parameter in model.parameters(): parameter.normal_(0, 0.4)
            path = f"{request['root']}/{name}-{kind}"
            model.save_pretrained(path)
            typed = config["model_type"] in ("bert", "electra")
            tokenizer = PreTrainedTokenizerFast(model_input_names=["input_ids", "attention_mask"] + (["token_type_ids"] if typed else []), tokenizer_file=f"{request['root']}/tokenizer/tokenizer.json", model_max_length=16, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]", unk_token="[UNK]")
            tokenizer.save_pretrained(path)
            with torch.no_grad():
                if kind == "guess":
                    logits = [model(**tokenizer(t, truncation=True, return_tensors="pt")).logits[0] for t in request["texts"]]
                    result[f"{name}-{kind}"] = [l.double().tolist() for l in logits]
                else:
                    result[f"{name}-{kind}"] = rows(CrossEncoder(path, device="cpu", max_length=16).predict(request["pairs"], activation_fn=torch.nn.Identity(), batch_size=1))
        result[name] = rows(SentenceTransformer(f"{request['root']}/{name}-guess", device="cpu").encode(request["texts"], batch_size=1))
else:
    for path in request["cross"]: result[path] = rows(CrossEncoder(path, device="cpu").predict(request["pairs"], batch_size=2))
    for path in request["guess"]:
        model, told = AutoModelForMaskedLM.from_pretrained(path, output_loading_info=True)
        tokenizer = PreTrainedTokenizerFast.from_pretrained(path, model_max_length=16)
        typed = model.config.model_type in ("bert", "electra")
        encode = lambda t: {k: v for k, v in tokenizer(t, truncation=True, return_tensors="pt").items() if typed or k != "token_type_ids"}
        with torch.no_grad(): logits = [model.eval()(**encode(t)).logits[0].double().tolist() for t in request["texts"]]
        result[path] = {"missing": sorted(told["missing_keys"]), "unexpected": sorted(told["unexpected_keys"]), "logits": logits}
    for path in request["embed"]: result[path] = rows(SentenceTransformer(path, device="cpu").encode(request["texts"], batch_size=2))
json.dump(result, open(request["out"], "w"))
`;

type Rows = readonly (readonly number[])[];
let engine: Engine;
let made: Readonly<Record<string, unknown>>;

function peer(request: object): Readonly<Record<string, unknown>> {
  const out = join(root, "out.json");
  execFileSync(python as string, ["-W", "ignore", "-c", script], {
    input: JSON.stringify({ ...request, root, texts, pairs, out }),
    env: { ...process.env, HF_HUB_OFFLINE: "1", TOKENIZERS_PARALLELISM: "false", OMP_NUM_THREADS: "1" },
    stdio: ["pipe", "ignore", "pipe"],
  });
  return JSON.parse(readFileSync(out, "utf8")) as Record<string, unknown>;
}

function expectClose(found: Rows, wanted: Rows): void {
  const largest = Math.max(...wanted.flat().map(Math.abs));
  expect(found.map((row) => row.length)).toEqual(wanted.map((row) => row.length));
  const worst = Math.max(...found.flatMap((row, i) => row.map((x, j) => Math.abs(x - (wanted[i]?.[j] as number)))));
  expect(worst / largest).toBeLessThan(2e-5);
}

const rowsOf = ({ data, rows, dimension }: { data: Float32Array; rows: number; dimension: number }): Rows =>
  Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * dimension, (i + 1) * dimension)));

describe.skipIf(python === undefined)("random models of transformers give the same values here (PEER_PYTHON)", () => {
  beforeAll(async () => {
    mkdirSync(join(root, "tokenizer"), { recursive: true });
    writeFileSync(join(root, "tokenizer", "tokenizer.json"), JSON.stringify(vocabulary.tokenizer));
    made = peer({ do: "make", architectures, common });
    engine = await createEngine({ threads: 1 });
  }, 300_000);
  afterAll(() => engine?.close());

  test.each(names)("%s: vectors of texts", async (name) => {
    const warnings = collectWarnings();
    const folder = await readModelFolder(join(root, `${name}-guess`), warnings);
    expect(warnings.list().map(({ code }) => code)).toEqual(["no-modules-json"]);
    const { fingerprint } = folder;
    const tensors = loadWeights(folder);
    const model = await openTensors({ engine, description: folder, tensors, fingerprint, warnings });
    expectClose(rowsOf(await model.encode(texts)), made[name] as Rows);
    await model.release();
    await writeModelFolder(join(root, "written", name), { model: folder, tensors });
  });

  /** Logits of every token of the texts, text after text. */
  async function guesses(path: string): Promise<Rows> {
    const folder = await readModelFolder(path, collectWarnings());
    const model = maskedLanguageModelOf(folder as TransformerDescription);
    const tensors = loadWeights(folder);
    const weights = await engine.load(new Map([...model.parameters.keys()].map((key) => [key, tensors.get(key)!])));
    const sequence = sequencer(folder, collectWarnings());
    const rows = texts.map((text) => sequence(text, "document").ids);
    const { feeds, groups, place } = model.collate(
      rows.map((ids) => ({ ids, labels: ids })),
      3,
    );
    const { logits } = model.forward({ groups, dropout: 0, attentionDropout: 0 });
    const program = await engine.compile({ outputs: { logits } });
    const packed = rowsOf({
      ...(await engine.run(program, feeds, weights))["logits"]!,
      rows: feeds["labels"]!.shape[0]!,
      dimension: 15,
    } as never);
    const starts = new Map<number, number>();
    let at = 0;
    for (const text of [...place.keys()].sort((a, b) => place[a]! - place[b]!)) {
      starts.set(text, at);
      at += rows[text]!.length;
    }
    await engine.release(program);
    await engine.release(weights);
    return rows.flatMap(({ length }, text) => packed.slice(starts.get(text), starts.get(text)! + length));
  }

  test.each(names)("%s: guesses of tokens", async (name) => {
    expectClose(await guesses(join(root, `${name}-guess`)), (made[`${name}-guess`] as Rows[]).flat());
  });

  test.each(names.flatMap((name) => [`${name}-one`, `${name}-three`]))("%s: scores of pairs", async (name) => {
    const warnings = collectWarnings();
    const scorer = await openCrossEncoder(join(root, name), { engine, warnings });
    expect(scorer.description.activation).toBe(name.endsWith("one") ? "sigmoid" : "identity");
    const found = rowsOf(await scorer.classify(pairs));
    const wanted = made[name] as Rows;
    expectClose(found, scorer.labels === 1 ? wanted.map((row) => row.map((x) => 1 / (1 + Math.exp(-x)))) : wanted);
    await scorer.release();
    const folder = await readCrossEncoder(join(root, name), warnings);
    await writeCrossEncoder(join(root, "written", name), { model: folder, tensors: loadWeights(folder) });
  });

  test("what is written is opened by sentence-transformers with the same values", async () => {
    const written = (name: string) => join(root, "written", name);
    const warnings = collectWarnings();
    const fresh = new Map<string, Rows>();
    const guessed = new Map<string, Rows>();
    for (const name of names) {
      // A cross-encoder that begins with the encoder.
      const folder = await readModelFolder(join(root, `${name}-guess`), warnings);
      const options = { model: folder as TransformerDescription, tensors: loadWeights(folder), labels: 2, seed: 3 };
      await writeCrossEncoder(written(`${name}-fresh`), freshCrossEncoder(options));
      const scorer = await openCrossEncoder(written(`${name}-fresh`), { engine, warnings });
      fresh.set(written(`${name}-fresh`), rowsOf(await scorer.classify(pairs)));
      await scorer.release();
      // The encoder without its head for masked tokens, under a new one.
      const { parameters } = encoderOf(folder);
      const bare = <T>(held: ReadonlyMap<string, T>) => new Map([...held].filter(([key]) => parameters.has(key)));
      const model = { ...options.model, places: bare(folder.places) };
      const headed = freshMaskedLm({ model, tensors: bare(options.tensors), seed: 3 });
      await writeModelFolder(written(`${name}-head`), headed);
      guessed.set(written(`${name}-head`), await guesses(written(`${name}-head`)));
    }
    const cross = names.flatMap((name) => [written(`${name}-one`), written(`${name}-three`)]);
    const opened = peer({
      do: "open",
      cross: [...cross, ...fresh.keys()],
      embed: names.map(written),
      guess: [...guessed.keys()],
    });
    for (const [path, rows] of guessed) {
      const { logits, ...told } = opened[path] as { readonly logits: Rows[] };
      expect(told, path).toEqual({ missing: [], unexpected: [] });
      expectClose(rows, logits.flat());
    }
    for (const [path, rows] of fresh) expectClose(opened[path] as Rows, rows);
    for (const name of names) {
      expectClose(opened[written(name)] as Rows, made[name] as Rows);
      expectClose(opened[written(`${name}-three`)] as Rows, made[`${name}-three`] as Rows);
      const scores = (made[`${name}-one`] as Rows).map((row) => row.map((x) => 1 / (1 + Math.exp(-x))));
      expectClose(opened[written(`${name}-one`)] as Rows, scores);
    }
  }, 300_000);
});
