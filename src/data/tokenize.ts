import { inputError } from "../base/errors.js";
import { type PairPart, pairLengths, pairTemplate } from "./pair-template.js";
import { checkConfig, checkTokenizer } from "./tokenize-file.js";
import { openLibrary, type TokenizerLibrary } from "./tokenize-library.js";
import { mendText } from "./tokenize-mend.js";
import { piecewise } from "./tokenize-pieces.js";

export interface EncodeOptions {
  /** Put the model's special tokens ([CLS] … [SEP]) around the text. Default true; static models want false. */
  readonly addSpecialTokens?: boolean;
  /** Called when the text had more tokens than `maxLength` allows. */
  readonly onTruncated?: () => void;
}

/** Turns texts into token ids. */
export interface TextTokenizer {
  /** Longest row of ids, special tokens included; null is no limit. */
  readonly maxLength: number | null;
  /** The largest token id plus one: the rows an embedding table needs. */
  readonly vocabularySize: number;
  /** The id of the padding token, where the tokenizer has one. */
  readonly padId: number | null;
  /**
   * The ids of a text, at most `maxLength` of them: what is cut off is text, never a special token. The text is taken as
   * it is (not trimmed), may be empty, and special-token strings in it ("[MASK]") are those tokens.
   */
  encode(text: string, options?: EncodeOptions): Int32Array;
  /** Two texts as one row, for cross-encoders; what is cut off is the longer text's end. Types tell which text a token is of. */
  encodePair(
    first: string,
    second: string,
    options?: Pick<EncodeOptions, "onTruncated">,
  ): { readonly ids: Int32Array; readonly types: Int32Array };
  /** The ids as strings, for people. */
  tokens(ids: Iterable<number>): string[];
}

export interface LoadTokenizerOptions {
  /** Truncate to this many tokens, special tokens included. Default: no limit; `truncation` in the file is not read. */
  readonly maxLength?: number;
  /** Named in errors. Default `tokenizer.json`. */
  readonly file?: string;
}

/**
 * A tokenizer from the parsed contents of `tokenizer.json` and `tokenizer_config.json` (null where there is none).
 * Truncation and padding written in the file are not applied: `maxLength` is the only limit.
 * @throws inputError `bad-tokenizer` on content that is no tokenizer, or of a model type that is not supported.
 */
export function loadTokenizer(
  tokenizerJson: unknown,
  tokenizerConfig: unknown = null,
  options: LoadTokenizerOptions = {},
): TextTokenizer {
  const file = options.file ?? "tokenizer.json";
  const content = checkTokenizer(tokenizerJson, file);
  const config = checkConfig(tokenizerConfig ?? {}, "tokenizer_config.json");
  const library = openLibrary(content, config, file);
  const mend = mendText(content.normalizer);
  const maxLength = options.maxLength ?? null;
  const cutLeft = config.truncation_side === "left";

  const idsOf = (text: string): number[] => {
    const { ids, tokens } = library.encode(mend(text), { add_special_tokens: false });
    return ids.map((id, i) => {
      if (id !== undefined) return id;
      throw inputError("bad-tokenizer", "a piece of text has no token and there is no unknown token", {
        file,
        field: "model.unk_token",
        found: JSON.stringify(tokens[i]),
      });
    });
  };
  const contentIds = piecewise(content, idsOf, library.get_vocab()) ?? ((text: string) => Int32Array.from(idsOf(text)));
  let template: readonly PairPart[] | null = null;
  const { prefix, suffix } = specialTokens(library, idsOf, file);
  if (maxLength !== null && !(Number.isInteger(maxLength) && maxLength > prefix.length + suffix.length)) {
    throw inputError("bad-max-length", "the greatest length leaves no room for text", {
      found: String(maxLength),
      expected: `a whole number above ${prefix.length + suffix.length}, the number of special tokens`,
    });
  }

  let largest = 0;
  for (const id of library.get_vocab().values()) largest = Math.max(largest, id);
  const padToken = typeof config.pad_token === "object" ? config.pad_token?.content : config.pad_token;
  return {
    maxLength,
    vocabularySize: largest + 1,
    padId: library.token_to_id(padToken ?? "[PAD]") ?? null,
    encode(text, { addSpecialTokens = true, onTruncated } = {}) {
      const before = addSpecialTokens ? prefix : [];
      const after = addSpecialTokens ? suffix : [];
      const room = maxLength === null ? Number.POSITIVE_INFINITY : maxLength - before.length - after.length;
      // One more than fits shows that the text was too long; the rest of it need not be read.
      let ids = contentIds(text, cutLeft ? Number.POSITIVE_INFINITY : room + 1);
      if (ids.length > room) {
        onTruncated?.();
        ids = cutLeft ? ids.subarray(-room) : ids.subarray(0, room);
      }
      const row = new Int32Array(before.length + ids.length + after.length);
      row.set(before);
      row.set(ids, before.length);
      row.set(after, before.length + ids.length);
      return row;
    },
    encodePair(first, second, { onTruncated } = {}) {
      template ??= pairTemplate(content.post_processor, file);
      const special = template.reduce((sum, part) => sum + ("ids" in part ? part.ids.length : 0), 0);
      const room = maxLength === null ? Number.POSITIVE_INFINITY : maxLength - special;
      const [a, b] = [first, second].map((text) => contentIds(text, Number.POSITIVE_INFINITY)) as [
        Int32Array,
        Int32Array,
      ];
      const [m, n] = pairLengths(a.length, b.length, room);
      if (m < a.length || n < b.length) onTruncated?.();
      const cut = (ids: Int32Array, length: number) =>
        Array.from(cutLeft ? ids.subarray(ids.length - length) : ids.subarray(0, length));
      const texts = { first: cut(a, m), second: cut(b, n) };
      const rows = template.map((part) => ({ ids: "ids" in part ? part.ids : texts[part.text], type: part.type }));
      return {
        ids: Int32Array.from(rows.flatMap(({ ids }) => ids)),
        types: Int32Array.from(rows.flatMap(({ ids, type }) => ids.map(() => type))),
      };
    },
    tokens: (ids) => Array.from(ids, (id) => library.id_to_token(id) ?? `<${id}>`),
  };
}

/** The ids that the post-processor puts before and after a text, seen on a probe. */
function specialTokens(
  library: TokenizerLibrary,
  idsOf: (text: string) => number[],
  file: string,
): { readonly prefix: readonly number[]; readonly suffix: readonly number[] } {
  const probe = "a";
  const plain = idsOf(probe);
  const whole = library.encode(probe, { add_special_tokens: true }).ids.map((id) => id ?? -1);
  const added = whole.length - plain.length;
  if (added === 0) return { prefix: [], suffix: [] };
  for (let start = 0; plain.length > 0 && start <= added; start++) {
    if (!whole.includes(-1) && plain.every((id, i) => whole[start + i] === id)) {
      return { prefix: whole.slice(0, start), suffix: whole.slice(start + plain.length) };
    }
  }
  throw inputError("bad-tokenizer", "cannot tell the special tokens around a text", {
    file,
    field: "post_processor",
    found: whole.join(" "),
  });
}
