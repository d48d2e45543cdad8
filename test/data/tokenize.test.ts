import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { precompiledNormalizer } from "#nearmiss/data/precompiled.js";
import { loadTokenizer } from "#nearmiss/data/tokenize.js";
import { tokenizeAll } from "#nearmiss/data/tokenize-all.js";
import { trainWordPiece } from "#nearmiss/data/vocabulary.js";

const shared = fileURLToPath(new URL("../../../shared", import.meta.url));
const readJson = (path: string) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null);

interface Reference {
  readonly max_seq_length: number | null;
  readonly texts: readonly string[];
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask?: readonly (readonly number[])[];
}

describe.skipIf(!existsSync(shared))("token ids equal the reference's", () => {
  const models = ["bert-mean", "bert-mean-legacy", "bert-cls-dense", "bert-zh", "bert-prompts", "bert-mlm"];
  const folders = [
    ...models,
    "distilbert-mean",
    "mpnet-mean",
    "roberta-mean",
    "xlmr-cls",
    "modernbert-cls",
    "static",
  ].map((name) => ["fixtures", name] as const);
  test.each([...folders, ["pretrained", "all-MiniLM-L6-v2"] as const])("%s/%s", (place, name) => {
    const folder = `${shared}/${place}/models/${name}`;
    const reference: Reference = readJson(`${shared}/${place}/references/${name}.json`);
    const tokenizer = loadTokenizer(
      readJson(`${folder}/tokenizer.json`),
      readJson(`${folder}/tokenizer_config.json`),
      reference.max_seq_length === null ? {} : { maxLength: reference.max_seq_length },
    );
    expect(reference.texts.length).toBe(24);
    reference.texts.forEach((text, i) => {
      const expected = reference.input_ids[i]!.filter((_, at) => reference.attention_mask?.[i]?.[at] !== 0);
      expect(Array.from(tokenizer.encode(text, { addSpecialTokens: name !== "static" })), text).toEqual(expected);
    });
  });
});

const trained = trainWordPiece(["the quick brown fox", "the lazy dog, the fox", "𠀀 οδος"], {
  size: 80,
  minFrequency: 1,
});

test("truncation keeps the special tokens and says so", () => {
  const tokenizer = loadTokenizer(trained.tokenizer, trained.config, { maxLength: 4 });
  let cut = 0;
  const row = tokenizer.encode("the quick brown fox", { onTruncated: () => cut++ });
  expect(tokenizer.tokens(row)).toEqual(["[CLS]", "the", "quick", "[SEP]"]);
  tokenizer.encode("the quick", { onTruncated: () => cut++ });
  expect(cut).toBe(1);
  expect(tokenizer.encode("the quick brown fox", { addSpecialTokens: false }).length).toBe(4);
  expect(() => loadTokenizer(trained.tokenizer, null, { maxLength: 2 })).toThrow(/leaves no room/);
});

test("truncation written into the file is not applied, that from the left is", () => {
  const file = { ...trained.tokenizer, truncation: { max_length: 3, strategy: "LongestFirst", stride: 0 } };
  expect(loadTokenizer(file).encode("the quick brown fox").length).toBe(6);
  const left = loadTokenizer(file, { truncation_side: "left" }, { maxLength: 4 });
  expect(left.tokens(left.encode("the quick brown fox"))).toEqual(["[CLS]", "brown", "fox", "[SEP]"]);
});

test("the empty text and special tokens in a text are valid", () => {
  const tokenizer = loadTokenizer(trained.tokenizer, trained.config);
  expect(Array.from(tokenizer.encode(""))).toEqual([2, 3]);
  expect(tokenizer.encode(" \t", { addSpecialTokens: false }).length).toBe(0);
  expect(tokenizer.tokens(tokenizer.encode("the[MASK]fox [SEP]", { addSpecialTokens: false }))).toEqual([
    "the",
    "[MASK]",
    "fox",
    "[SEP]",
  ]);
  expect([tokenizer.padId, tokenizer.vocabularySize]).toEqual([0, trained.size]);
});

test("ideographs beyond the basic plane stand apart and a final capital sigma is the plain one", () => {
  const tokenizer = loadTokenizer(trained.tokenizer);
  expect(tokenizer.tokens(tokenizer.encode("fox𠀀dog ΟΔΟΣ", { addSpecialTokens: false }))).toEqual([
    "fox",
    "𠀀",
    "dog",
    "[UNK]",
  ]);
  const sigma = trainWordPiece(["οδοσ οδοσ"], { size: 40 });
  const greek = loadTokenizer(sigma.tokenizer);
  expect(greek.tokens(greek.encode("ΟΔΟΣ", { addSpecialTokens: false }))).toEqual(["οδοσ"]);
});

test("reading piece by piece gives what reading the whole text gives", () => {
  const pieces = loadTokenizer(trained.tokenizer);
  // A token with `rstrip` turns the piecewise reading off.
  const added = { id: 5_000, content: "<never>", lstrip: false, rstrip: true, normalized: false, special: true };
  const { added_tokens, ...rest } = trained.tokenizer as { added_tokens: object[] };
  const whole = loadTokenizer({ ...rest, added_tokens: [...added_tokens, added] });
  const part = fc.constantFrom(
    "the",
    "Fox",
    " ",
    "\t",
    "\n",
    "\u00a0",
    "\u3000",
    "\ufeff",
    "\u000b",
    "\u0301",
    "é",
    "𠀀",
    "[SEP]",
    "[sep",
    "]",
    ",",
    "jump",
    "7",
    "over".repeat(30),
    "Σ",
    "ş",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      expect(pieces.encode(parts.join(""))).toEqual(whole.encode(parts.join("")));
    }),
    { seed: 3, numRuns: 500 },
  );
});

test("what is no tokenizer is refused with the field", () => {
  const cases: readonly [unknown, RegExp][] = [
    [
      { model: { type: "MagicPiece" } },
      /tokenizer\.json.*field: model\.type; found: "MagicPiece"; expected: WordPiece, BPE, Unigram/,
    ],
    ["<html>", /tokenizer\.json: not a tokenizer/],
    [{ ...trained.tokenizer, added_tokens: [{ id: -1, content: "x" }] }, /added_tokens\.0\.id; found: -1/],
    [{ ...trained.tokenizer, normalizer: { type: "Nonsense" } }, /cannot be set up: .*Nonsense/],
  ];
  for (const [content, message] of cases) expect(() => loadTokenizer(content)).toThrow(message);
});

test("many texts are tokenised by id, and truncated ones are counted", async () => {
  const tokenizer = loadTokenizer(trained.tokenizer, trained.config, { maxLength: 4 });
  const warnings = collectWarnings();
  const items = [
    { id: "__proto__", text: "the fox" },
    { id: "constructor", text: "the quick brown fox" },
  ];
  const ids = await tokenizeAll(tokenizer, items, (item) => item.text, { warnings });
  expect([...ids.keys()]).toEqual(["__proto__", "constructor"]);
  expect(ids.get("__proto__")).toEqual(tokenizer.encode("the fox"));
  expect(warnings.list()).toMatchObject([{ code: "text-truncated", count: 1 }]);
});

test("a compiled normaliser replaces the graphemes it knows, and is refused where it is cut off", () => {
  // A trie of two words: "a" stands for the text at 0, "b" for that at 2. Units: offset << 10 | leaf follows << 8 | label; values have the top bit.
  const units = new Uint32Array(512);
  const root = 1;
  units[0] = root << 10;
  const put = (byte: number, at: number, value: number) => {
    units[root ^ byte] = (at << 10) | (1 << 8) | byte;
    units[root ^ byte ^ at] = (0x80000000 | value) >>> 0;
  };
  put(0x61, 256, 0);
  put(0x62, 300, 2);
  const bytes = Buffer.alloc(4 + units.byteLength);
  bytes.writeUInt32LE(units.byteLength, 0);
  for (const [i, unit] of units.entries()) bytes.writeUInt32LE(unit, 4 + 4 * i);
  const map = Buffer.concat([bytes, Buffer.from("x\0yz\0")]).toString("base64");
  const normalize = precompiledNormalizer(map, "tokenizer.json");
  expect(normalize("")).toBe("");
  expect(normalize("cab b")).toBe("cxyz yz");
  // The accent belongs to the grapheme that is replaced whole; a longer grapheme is taken apart.
  expect(normalize("a\u0301c")).toBe("xc");
  expect(normalize(`a${"\u0301".repeat(3)}`)).toBe(`x${"\u0301".repeat(3)}`);
  for (const broken of ["", "AAAA", map.slice(0, 400)])
    expect(() => precompiledNormalizer(broken, "tokenizer.json")).toThrow(/cut off/);
});
