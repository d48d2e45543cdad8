import type { TokenizerFile } from "./tokenize-file.js";

/** The ids of a text; reading may stop once there are `enough`. */
export type ContentIds = (text: string, enough: number) => readonly number[];

/** Pieces remembered before the memory is dropped: some 20 MB. */
const remembered = 100_000;

/** Printable ASCII, and the words and marks that a BertPreTokenizer makes of it. */
const plain = /^[!-~]+$/;
const wordsAndMarks = /[0-9A-Za-z]+|[^0-9A-Za-z]/g;

/**
 * Where a tokenizer treats the pieces between blanks on their own (BERT's normaliser, pre-tokeniser and WordPiece), a
 * text is the chain of its pieces, and each distinct piece need be tokenised only once: several times faster on running text.
 * A word that is a token as a whole is that token. Null where that does not hold.
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
  const known = new Map<string, readonly number[]>();
  const added = file.added_tokens.map((token) => token.content.toLowerCase());
  const lowers = file.normalizer?.["lowercase"] === true;
  const longest = Number(file.model["max_input_chars_per_word"] ?? 100);

  const tokenise = (piece: string): readonly number[] => {
    const lower = piece.toLowerCase();
    if (!plain.test(piece) || added.some((token) => lower.includes(token))) return idsOf(piece);
    const words = piece.match(wordsAndMarks) as string[];
    if (words.length > 1) return words.flatMap(idsOfPiece);
    const id = piece.length > longest ? undefined : vocabulary.get(lowers ? lower : piece);
    return id === undefined ? idsOf(piece) : [id];
  };
  const idsOfPiece = (piece: string): readonly number[] => {
    const before = known.get(piece);
    if (before !== undefined) return before;
    const ids = tokenise(piece);
    if (known.size >= remembered) known.clear();
    // Made flat, so that the key does not keep the whole text alive.
    known.set(Buffer.from(piece, "utf16le").toString("utf16le"), ids);
    return ids;
  };

  return (text, enough) => {
    const ids: number[] = [];
    for (let start = 0; start < text.length && ids.length < enough; ) {
      const end = nextBlank(text, start);
      if (end > start) for (const id of idsOfPiece(text.slice(start, end))) ids.push(id);
      start = end + 1;
    }
    return ids;
  };
}

/** The place of the next blank, tab or line end; the text's length where none follows. */
export function nextBlank(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 32 || unit === 9 || unit === 10 || unit === 13) return at;
  }
  return text.length;
}
