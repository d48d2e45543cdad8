import { inputError } from "../base/errors.js";
import { openLibrary } from "./tokenize-library.js";
import type { VocabularyResult } from "./vocabulary.js";
import { mergePairs } from "./vocabulary-merges.js";

export interface BytePairOptions {
  /** Greatest number of tokens, special ones included. Default 30,000. */
  readonly size?: number;
  /** Pieces are joined only where the pair occurs at least this often. Default 2. */
  readonly minFrequency?: number;
}

/** The special tokens, whose ids are their places here: RoBERTa's. */
export const byteSpecialTokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] as const;

/**
 * A byte-level BPE vocabulary of the texts (Radford et al. 2019) and the tokenizer that goes with it, in the form of RoBERTa's: case and
 * blanks are kept, every byte is a token, so no text is unknown. Pairs with equal counts are ordered by the pair itself: equal texts, in any
 * order, give equal bytes. Few texts give fewer than `size` tokens.
 * @throws inputError `bad-vocabulary-size` under 512, `no-text` where the texts hold no character.
 */
export function trainBytePairs(texts: Iterable<string>, options: BytePairOptions = {}): VocabularyResult {
  const { size = 30_000, minFrequency = 2 } = options;
  if (!(Number.isInteger(size) && size >= 512)) {
    throw inputError("bad-vocabulary-size", "a byte-level vocabulary needs room for its 256 bytes", {
      found: String(size),
      expected: "a whole number from 512",
    });
  }
  const words = countByteWords(texts);
  if (words.size === 0) throw inputError("no-text", "the texts hold no word to train a vocabulary on");
  const counted = Array.from(words, ([word, count]) => ({ characters: [...word], count }));
  const { pieces, merges } = mergePairs(counted, {
    size: size - byteSpecialTokens.length,
    minFrequency,
    continuation: "",
    alphabet: byteCharacters(),
  });
  const [begin, pad, end, unknown, mask] = byteSpecialTokens;
  return {
    tokenizer: tokenizerFile([...byteSpecialTokens, ...pieces], merges),
    config: {
      tokenizer_class: "PreTrainedTokenizerFast",
      bos_token: begin,
      cls_token: begin,
      eos_token: end,
      sep_token: end,
      pad_token: pad,
      unk_token: unknown,
      mask_token: mask,
    },
    size: byteSpecialTokens.length + pieces.length,
    words: words.size,
  };
}

/** How often each word occurs, its bytes written as characters: letters, digits and other signs with a blank before them, or blanks alone. */
function countByteWords(texts: Iterable<string>): ReadonlyMap<string, number> {
  const library = openLibrary(tokenizerFile(byteSpecialTokens, []), {}, "tokenizer.json");
  const words = new Map<string, number>();
  for (const text of texts)
    for (const word of library.pre_tokenizer?.pre_tokenize(text) ?? []) words.set(word, (words.get(word) ?? 0) + 1);
  return words;
}

/** The characters that stand for bytes: printable ones of Latin-1 for themselves, the others in order from U+0100. */
function byteCharacters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
}

function tokenizerFile(tokens: readonly string[], merges: readonly (readonly [string, string])[]) {
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const sequence = (id: string) => ({ Sequence: { id, type_id: 0 } });
  const placed = (token: string) => [token, { id: token, ids: [tokens.indexOf(token)], tokens: [token] }] as const;
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: byteSpecialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      // RoBERTa's mask takes the blank before it.
      lstrip: content === "<mask>",
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: {
      type: "TemplateProcessing",
      single: [special("<s>"), sequence("A"), special("</s>")],
      pair: [special("<s>"), sequence("A"), special("</s>"), special("</s>"), sequence("B"), special("</s>")],
      special_tokens: Object.fromEntries([placed("<s>"), placed("</s>")]),
    },
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}
