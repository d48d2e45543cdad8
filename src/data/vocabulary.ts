import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import { type CountedWord, mergePieces } from "./vocabulary-merges.js";
import { countWords } from "./vocabulary-words.js";

export interface VocabularyOptions {
  /** Greatest number of tokens, special ones included. Default 30,000. */
  readonly size?: number;
  /** Pieces are joined only where the pair occurs at least this often. Default 2. */
  readonly minFrequency?: number;
  /** Lower-case, and strip accents as BERT's uncased models do. Default true. */
  readonly lowercase?: boolean;
  /** Greatest number of single characters, the most frequent are kept; words with others become [UNK]. Default a third of `size`. */
  readonly alphabet?: number;
}

export interface VocabularyResult {
  /** The content of `tokenizer.json`. */
  readonly tokenizer: object;
  /** The content of `tokenizer_config.json`, without a greatest length. */
  readonly config: object;
  /** Number of tokens, special ones included. */
  readonly size: number;
  /** Distinct words the vocabulary was trained on. */
  readonly words: number;
}

/** The special tokens, whose ids are their places here. */
export const specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;

const longestWord = 100;

/**
 * A WordPiece vocabulary of the texts and the tokenizer that goes with it (BERT's normaliser and pre-tokeniser), in the form that
 * `@huggingface/tokenizers` and transformers open. Pieces are found as Hugging Face's trainer does, by merging the most
 * frequent pairs, with ties broken by the pair itself: equal texts, in any order, give equal bytes.
 * Few texts give fewer than `size` tokens.
 * @throws inputError `bad-vocabulary-size` under 16, `no-text` where the texts hold no word.
 */
export function trainWordPiece(texts: Iterable<string>, options: VocabularyOptions = {}): VocabularyResult {
  const { size = 30_000, minFrequency = 2, lowercase = true } = options;
  if (!(Number.isInteger(size) && size >= 16)) {
    throw inputError("bad-vocabulary-size", "a vocabulary needs some room", {
      found: String(size),
      expected: "a whole number from 16",
    });
  }
  const untrained = tokenizerFile(specialTokens, lowercase);
  const words = countWords(texts, untrained, untrained.normalizer, longestWord);
  if (words.size === 0) throw inputError("no-text", "the texts hold no word to train a vocabulary on");
  const spelled = spell(words, options.alphabet ?? Math.floor(size / 3));
  const pieces = mergePieces(spelled, size - specialTokens.length, minFrequency);
  const tokens = [...specialTokens, ...pieces];
  return {
    tokenizer: tokenizerFile(tokens, lowercase),
    config: {
      tokenizer_class: "BertTokenizer",
      do_lower_case: lowercase,
      strip_accents: null,
      tokenize_chinese_chars: true,
      pad_token: "[PAD]",
      unk_token: "[UNK]",
      cls_token: "[CLS]",
      sep_token: "[SEP]",
      mask_token: "[MASK]",
    },
    size: tokens.length,
    words: words.size,
  };
}

/** Words as characters of the alphabet: the `limit` most frequent, then by code point. Other characters are left out. */
function spell(words: ReadonlyMap<string, number>, limit: number): CountedWord[] {
  const spelled = Array.from(words, ([word, count]) => ({ characters: [...word], count }));
  const counts = new Map<string, number>();
  for (const { characters, count } of spelled) {
    for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + count);
  }
  if (counts.size <= limit) return spelled;
  const kept = new Set(
    [...counts]
      .sort(([a, m], [b, n]) => n - m || compareCodePoints(a, b))
      .slice(0, limit)
      .map(([character]) => character),
  );
  return spelled.map(({ characters, count }) => ({ characters: characters.filter((c) => kept.has(c)), count }));
}

function tokenizerFile(tokens: readonly string[], lowercase: boolean) {
  const special = (token: string, typeId: number) => ({ SpecialToken: { id: token, type_id: typeId } });
  const sequence = (name: string, typeId: number) => ({ Sequence: { id: name, type_id: typeId } });
  const placed = (token: string) => [token, { id: token, ids: [tokens.indexOf(token)], tokens: [token] }] as const;
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
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
      lowercase,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)],
      pair: [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0), sequence("B", 1), special("[SEP]", 1)],
      special_tokens: Object.fromEntries([placed("[CLS]"), placed("[SEP]")]),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: longestWord,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    },
  };
}
