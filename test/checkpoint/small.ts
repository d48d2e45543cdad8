import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import {
  type FreshModel,
  freshBert,
  loadWeights,
  readModelFolder,
  writeModelFolder,
} from "#nearmiss/checkpoint/index.js";

const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const tokens = [...special, "the", "cat", "sat", "on", "mat", "##s", "dog", ".", "constructor", "__proto__"];

/** A WordPiece vocabulary of fifteen tokens. */
export const vocabulary = {
  size: tokens.length,
  tokenizer: {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[SEP]", type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[SEP]", type_id: 0 } },
        { Sequence: { id: "B", type_id: 1 } },
        { SpecialToken: { id: "[SEP]", type_id: 1 } },
      ],
      special_tokens: {
        "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
        "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
      },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    },
  },
  config: {
    tokenizer_class: "BertTokenizer",
    do_lower_case: true,
    pad_token: "[PAD]",
    unk_token: "[UNK]",
    cls_token: "[CLS]",
    sep_token: "[SEP]",
    mask_token: "[MASK]",
  },
} as const;

export const smallBert = (): FreshModel =>
  freshBert({ vocabulary, layers: 2, hiddenSize: 8, heads: 2, intermediateSize: 12, maxLength: 16, seed: 3 });

/** A new empty folder, removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nearmiss-checkpoint-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a model into a folder of this name and lets `change` damage or vary it. */
export async function folderOf(root: string, name: string, fresh: FreshModel = smallBert()): Promise<string> {
  const path = join(root, name);
  await writeModelFolder(path, { model: fresh.model, tensors: fresh.tensors });
  return path;
}

/** Changes a JSON file of a folder. */
export function editJson(path: string, name: string, change: (value: Record<string, unknown>) => unknown): void {
  const file = join(path, name);
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>)));
}

/** Reads folder and weights. */
export async function openFolder(path: string) {
  const warnings = collectWarnings();
  const model = await readModelFolder(path, warnings);
  return { model, warnings: warnings.list(), weights: loadWeights(model) };
}
