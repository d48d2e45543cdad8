import { createPieceTable, emptyHash, hashOn, withRoom } from "./piece-table.js";
import type { TokenizerFile } from "./tokenize-file.js";

/** The ids of a text; reading may stop once there are `enough`. */
export type ContentIds = (text: string, enough: number) => Int32Array;

/** Pieces remembered before the memory is dropped, and how long they may be: some megabytes. */
const remembered = 2 ** 17;
const longestRemembered = 256;

/** Printable ASCII, and the words and marks that a BertPreTokenizer makes of it. */
const plain = /^[!-~]+$/;
const wordsAndMarks = /[0-9A-Za-z]+|[^0-9A-Za-z]/g;

/**
 * Where a tokenizer treats the pieces between blanks on their own (BERT's normaliser, pre-tokeniser and WordPiece), a
 * text is the chain of its pieces, and each distinct piece need be tokenised only once: several times faster on running text.
 * Null where that does not hold.
 */
export function piecewise(
  file: TokenizerFile,
  idsOf: (text: string) => number[],
  vocabulary: ReadonlyMap<string, number>,
): ContentIds | null {
  const bert =
    file.model.type === "WordPiece" &&
    file.normalizer?.type === "BertNormalizer" &&
    file.pre_tokenizer?.type === "BertPreTokenizer" &&
    file.added_tokens.every((token) => !token["lstrip"] && !token["rstrip"] && !/\s/u.test(token.content));
  if (!bert) return null;
  const known = createPieceTable(remembered);
  const added = file.added_tokens.map((token) => token.content.toLowerCase());
  const lowers = file.normalizer?.["lowercase"] === true;
  const longest = Number(file.model["max_input_chars_per_word"] ?? 100);
  const inside = String(file.model["continuing_subword_prefix"] ?? "##");

  /** The longest tokens that a plain word is made of, from its front; null where there are none. */
  const greedily = (word: string): readonly number[] | null => {
    const ids: number[] = [];
    for (let start = 0; start < word.length; ) {
      let end = word.length;
      let id: number | undefined;
      for (; end > start && id === undefined; end--)
        id = vocabulary.get(start === 0 ? word.slice(0, end) : inside + word.slice(start, end));
      if (id === undefined) return null;
      ids.push(id);
      start = end + 1;
    }
    return ids;
  };

  const tokenise = (piece: string): readonly number[] => {
    const lower = piece.toLowerCase();
    if (!plain.test(piece) || added.some((token) => lower.includes(token))) return idsOf(piece);
    const words = piece.match(wordsAndMarks) as string[];
    if (words.length > 1) return words.flatMap(idsOfPiece);
    return (piece.length > longest ? null : greedily(lowers ? lower : piece)) ?? idsOf(piece);
  };
  const learn = (piece: string, units: Uint16Array, hash: number): readonly number[] => {
    const ids = tokenise(piece);
    if (units.length <= longestRemembered) known.add(units, hash, ids);
    return ids;
  };
  const idsOfPiece = (piece: string): readonly number[] => {
    const units = unitsOf(piece);
    const hash = units.reduce(hashOn, emptyHash);
    const number = known.find(units, 0, units.length, hash);
    return number >= 0 ? known.idsOf(number) : learn(piece, units, hash);
  };

  let [row, scratch] = [new Int32Array(1024), new Uint16Array(8192)];
  return (text, enough) => {
    const units = withRoom(scratch, text.length);
    scratch = units;
    Buffer.from(units.buffer).write(text, "utf16le");
    let count = 0;
    for (let at = 0; at < text.length && count < enough; at++) {
      const start = at;
      let hash = emptyHash;
      for (; at < text.length && !isBlank(units[at]!); at++) hash = hashOn(hash, units[at]!);
      if (at === start) continue;
      const number = known.find(units, start, at, hash);
      const ids = number < 0 ? learn(text.slice(start, at), units.subarray(start, at), hash) : null;
      const length = ids?.length ?? known.length(number);
      row = withRoom(row, count + length);
      if (ids === null) known.copyIds(number, row, count);
      else row.set(ids, count);
      count += length;
    }
    return row.slice(0, count);
  };
}

function unitsOf(text: string): Uint16Array {
  const units = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) units[at] = text.charCodeAt(at);
  return units;
}

const isBlank = (unit: number): boolean => unit === 32 || unit === 9 || unit === 10 || unit === 13;

/** The place of the next blank, tab or line end; the text's length where none follows. */
export function nextBlank(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (isBlank(text.charCodeAt(at))) return at;
  }
  return text.length;
}
