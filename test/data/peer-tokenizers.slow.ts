import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { trainBytePairs } from "#nearmiss/data/byte-pairs.js";
import { loadTokenizer } from "#nearmiss/data/tokenize.js";

/** A Python with the reference tokenizers. */
const python = process.env["PEER_PYTHON"];
const shared = fileURLToPath(new URL("../../../shared/fixtures/models/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "nearmiss-tokenizers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = `
import json, sys
from tokenizers import Tokenizer
file, texts, pairs = json.load(sys.stdin)
tokenizer = Tokenizer.from_file(file)
tokenizer.no_truncation()
alone = [tokenizer.encode(text).ids for text in texts]
tokenizer.enable_truncation(16)
both = [tokenizer.encode(*pair) for pair in pairs]
json.dump([alone, [pair.ids for pair in both], [pair.type_ids for pair in both]], sys.stdout)
`;

/** Letters of many scripts, marks, joiners, controls, wide and compatibility forms, emoji. */
const ranges: readonly (readonly [number, number])[] = [
  ...([
    [0x20, 0x7e],
    [0x20, 0x7e],
    [0x20, 0x7e],
    [0x09, 0x0d],
    [0xa0, 0x17f],
    [0x300, 0x36f],
    [0x370, 0x3ff],
  ] as const),
  ...([
    [0x400, 0x4ff],
    [0x5d0, 0x5ea],
    [0x627, 0x64a],
    [0x905, 0x939],
    [0xe01, 0xe30],
    [0x1e00, 0x1eff],
  ] as const),
  ...([
    [0x2000, 0x206f],
    [0x2100, 0x214f],
    [0x2460, 0x24ff],
    [0x3000, 0x30ff],
    [0x3300, 0x33ff],
  ] as const),
  ...([
    [0x4e00, 0x4fff],
    [0xac00, 0xad00],
    [0xfb00, 0xfb06],
    [0xff00, 0xffef],
    [0x1f300, 0x1f64f],
  ] as const),
];
const generator = rng(11, "texts");
const character = () => {
  const [low, high] = ranges[generator.int(ranges.length)]!;
  return String.fromCodePoint(low + generator.int(high - low + 1));
};
const texts = Array.from({ length: 600 }, () => Array.from({ length: 1 + generator.int(24) }, character).join(""));
const pairs = texts.slice(0, 200).map((text, i) => [text, texts[i + 200]!] as const);

function reference(file: string): readonly [number[][], number[][], number[][]] {
  const output = execFileSync(python as string, ["-c", script], {
    input: JSON.stringify([file, texts, pairs]),
    stdio: ["pipe", "pipe", "ignore"],
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(output.toString()) as [number[][], number[][], number[][]];
}

function expectEqual(file: string, config: unknown): void {
  const json: unknown = JSON.parse(readFileSync(file, "utf8"));
  const [alone, ids, types] = reference(file);
  const tokenizer = loadTokenizer(json, config);
  texts.forEach((text, i) => {
    expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(alone[i]);
  });
  const cutting = loadTokenizer(json, config, { maxLength: 16 });
  pairs.forEach((pair, i) => {
    const found = cutting.encodePair(...pair);
    expect([...found.ids], JSON.stringify(pair)).toEqual(ids[i]);
    expect([...found.types]).toEqual(types[i]);
  });
}

describe.skipIf(python === undefined)(
  "random Unicode has the reference's tokens, alone and in pairs (PEER_PYTHON)",
  () => {
    test("in a byte-level vocabulary made here", () => {
      const { tokenizer, config } = trainBytePairs(texts.slice(0, 300), { size: 700 });
      const file = join(folder, "tokenizer.json");
      writeFileSync(file, JSON.stringify(tokenizer));
      expectEqual(file, config);
    });

    test
      .skipIf(!existsSync(shared))
      .each(["xlmr-cls", "roberta-mean", "mpnet-mean", "modernbert-cls", "distilbert-mean"])(
      "in that of %s",
      (name) => {
        const config: unknown = JSON.parse(readFileSync(join(shared, name, "tokenizer_config.json"), "utf8"));
        expectEqual(join(shared, name, "tokenizer.json"), config);
      },
    );
  },
);
