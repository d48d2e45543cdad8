import { compareCodePoints } from "../base/text.js";
import { pairHeap } from "./vocabulary-heap.js";

/** Written before a piece that does not begin a word. */
export const continuation = "##";

/** A word as its characters, with how often it occurs. */
export interface CountedWord {
  readonly characters: readonly string[];
  readonly count: number;
}

export interface MergeOptions {
  /** Number of pieces to end with. */
  readonly size: number;
  /** Pairs that occur less often stay apart. */
  readonly minFrequency: number;
  /** Written before a piece that does not begin a word: WordPiece's `##`, or nothing. */
  readonly continuation: string;
  /** Characters that are pieces whether they occur or not. */
  readonly alphabet?: readonly string[];
}

export interface Merged {
  /** First single characters in code point order, then merged ones in the order they arose. */
  readonly pieces: readonly string[];
  /** The pairs that became one, in that order. Two of them may have made the same piece. */
  readonly merges: readonly (readonly [string, string])[];
}

/** The pieces of a WordPiece vocabulary. @param words Only characters of the alphabet. */
export function mergePieces(words: readonly CountedWord[], size: number, minFrequency: number): readonly string[] {
  return mergePairs(words, { size, minFrequency, continuation }).pieces;
}

/**
 * Byte-pair merging (Sennrich, Haddow and Birch 2016) over words: the most frequent pair of neighbouring pieces becomes one, until there
 * are `size` pieces or no pair occurs `minFrequency` times. Of pairs with equal counts, the one whose first piece, then second piece, comes
 * first by code points is taken, so the order of the words does not matter.
 */
export function mergePairs(words: readonly CountedWord[], options: MergeOptions): Merged {
  const { size, minFrequency, continuation: sign } = options;
  const merges: [string, string][] = [];
  const state = indexWords(words, sign, options.alphabet ?? []);
  const { pieces, idOfPiece } = state;
  const pairs = indexPairs();
  const heap = pairHeap((a, b) => {
    const first = compareCodePoints(pieces[pairs.left[a]!]!, pieces[pairs.left[b]!]!);
    return (first || compareCodePoints(pieces[pairs.right[a]!]!, pieces[pairs.right[b]!]!)) < 0;
  });
  for (let word = 0; word < words.length; word++) {
    const start = state.starts[word]!;
    for (let at = start + 1; at < start + state.lengths[word]!; at++) {
      pairs.add(state.symbols[at - 1]!, state.symbols[at]!, words[word]!.count, word);
    }
  }
  for (let pair = 0; pair < pairs.left.length; pair++) heap.push(pair, pairs.count[pair]!);

  while (pieces.length < size) {
    const top = heap.pop();
    if (top === null) break;
    const count = pairs.count[top.pair]!;
    if (count !== top.count) {
      // Pairs that grew were put in again when they did; those that shrank are put in again here.
      if (count < top.count && count >= minFrequency) heap.push(top.pair, count);
      continue;
    }
    if (count < minFrequency || count < 1) break;
    const left = pairs.left[top.pair]!;
    const right = pairs.right[top.pair]!;
    const merged = pieces[left]! + pieces[right]!.slice(sign.length);
    merges.push([pieces[left]!, pieces[right]!]);
    let id = idOfPiece.get(merged);
    if (id === undefined) {
      id = pieces.push(merged) - 1;
      idOfPiece.set(merged, id);
    }
    const grown = new Set<number>();
    for (const word of pairs.takeWords(top.pair)) {
      mergeInWord(state, word, left, right, id, (a, b, sign) => {
        const pair = pairs.add(a, b, sign * words[word]!.count, word);
        if (sign > 0) grown.add(pair);
      });
    }
    pairs.count[top.pair] = 0;
    for (const pair of grown) if (pairs.count[pair]! >= minFrequency) heap.push(pair, pairs.count[pair]!);
  }
  return { pieces, merges };
}

interface WordState {
  /** Piece ids of all words, one after another; a word's row shrinks as its pieces merge. */
  readonly symbols: Int32Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly pieces: string[];
  readonly idOfPiece: Map<string, number>;
}

function indexWords(words: readonly CountedWord[], sign: string, alphabet: readonly string[]): WordState {
  const spelled = words.map(({ characters }) => characters.map((c, i) => (i === 0 ? c : sign + c)));
  // Characters as they begin words come before those that continue one.
  const continues = (piece: string): boolean => sign !== "" && piece.length > sign.length && piece.startsWith(sign);
  const rank = (piece: string): string => (continues(piece) ? `1${piece}` : `0${piece}`);
  const pieces = [...new Set([...alphabet, ...spelled.flat()])].sort((a, b) => compareCodePoints(rank(a), rank(b)));
  const idOfPiece = new Map(pieces.map((piece, id) => [piece, id]));
  const starts = new Int32Array(words.length);
  const lengths = Int32Array.from(spelled, (word) => word.length);
  for (let word = 1; word < words.length; word++) starts[word] = starts[word - 1]! + lengths[word - 1]!;
  const symbols = Int32Array.from(spelled.flat(), (piece) => idOfPiece.get(piece)!);
  return { symbols, starts, lengths, pieces, idOfPiece };
}

/** The pairs seen, numbered; each with its count and the words it was seen in (some of which may have lost it since). */
function indexPairs() {
  const numberOf = new Map<number, number>();
  const left: number[] = [];
  const right: number[] = [];
  const count: number[] = [];
  const seenIn: number[][] = [];
  return {
    left,
    right,
    count,
    add(a: number, b: number, change: number, word: number): number {
      const key = a * 2 ** 26 + b;
      let pair = numberOf.get(key);
      if (pair === undefined) {
        pair = left.push(a) - 1;
        right.push(b);
        count.push(0);
        seenIn.push([]);
        numberOf.set(key, pair);
      }
      count[pair]! += change;
      const seen = seenIn[pair]!;
      if (change > 0 && seen[seen.length - 1] !== word) seen.push(word);
      return pair;
    },
    takeWords(pair: number): readonly number[] {
      const seen = seenIn[pair]!;
      seenIn[pair] = [];
      return seen;
    },
  };
}

/** Replaces the pair in one word, from the left, and tells which neighbours were lost and found. */
function mergeInWord(
  state: WordState,
  word: number,
  left: number,
  right: number,
  id: number,
  changed: (a: number, b: number, sign: 1 | -1) => void,
): void {
  const { symbols, starts, lengths } = state;
  const start = starts[word]!;
  let end = start + lengths[word]!;
  for (let at = start; at + 1 < end; at++) {
    if (symbols[at] !== left || symbols[at + 1] !== right) continue;
    if (at > start) {
      changed(symbols[at - 1]!, left, -1);
      changed(symbols[at - 1]!, id, 1);
    }
    if (at + 2 < end) {
      changed(right, symbols[at + 2]!, -1);
      changed(id, symbols[at + 2]!, 1);
    }
    symbols[at] = id;
    symbols.copyWithin(at + 1, at + 2, end);
    end--;
  }
  lengths[word] = end - start;
}
