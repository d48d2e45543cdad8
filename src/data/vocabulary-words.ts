import { openLibrary } from "./tokenize-library.js";
import { mendText } from "./tokenize-mend.js";
import { nextBlank } from "./tokenize-pieces.js";

/**
 * How often each word occurs, where words are what BERT's normaliser and pre-tokeniser make of the texts. Words longer
 * than `longest` characters are left out: WordPiece answers them with [UNK].
 */
export function countWords(
  texts: Iterable<string>,
  tokenizer: object,
  normalizer: unknown,
  longest: number,
): ReadonlyMap<string, number> {
  const library = openLibrary(tokenizer, {}, "tokenizer.json");
  const mend = mendText(normalizer);
  const words = new Map<string, number>();
  // Pieces between blanks are normalised on their own, so each distinct one need be only once.
  for (const [piece, count] of countPieces(texts)) {
    const normal = library.normalizer?.normalize(mend(piece)) ?? piece;
    for (const word of library.pre_tokenizer?.pre_tokenize(normal) ?? []) {
      words.set(word, (words.get(word) ?? 0) + count);
    }
  }
  for (const word of words.keys()) if ([...word].length > longest) words.delete(word);
  return words;
}

function countPieces(texts: Iterable<string>): ReadonlyMap<string, number> {
  const pieces = new Map<string, number>();
  for (const text of texts) {
    for (let start = 0; start < text.length; ) {
      const end = nextBlank(text, start);
      if (end > start) {
        const piece = text.slice(start, end);
        pieces.set(piece, (pieces.get(piece) ?? 0) + 1);
      }
      start = end + 1;
    }
  }
  return pieces;
}
