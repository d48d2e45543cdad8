import { inputError } from "../base/errors.js";
import type { TextItem } from "../base/types.js";
import { bodyOf } from "./items.js";

/** How long texts are cut. */
export interface ChunkOptions {
  /** Words (or tokens, with `lengthOf`) a chunk, at least 1; the title, which each chunk repeats, is not counted. */
  readonly size: number;
  /** From one chunk's beginning to the next one's, at most `size`; default `size`: chunks do not overlap. */
  readonly stride?: number;
  /** The length of a word; default 1. With the number of its tokens, `size` and `stride` are tokens. */
  readonly lengthOf?: (word: string) => number;
}

/** The document a chunk is of, and its place in it, counted from 0. */
export interface ChunkPlace {
  readonly document: string;
  readonly index: number;
}

/** Documents in chunks: the texts to index, and what they are of. */
export interface Chunks {
  readonly items: ReadonlyMap<string, TextItem>;
  readonly chunkOf: ReadonlyMap<string, ChunkPlace>;
}

/** What white space separates; in scripts without blanks between words, each character. */
const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu;

/**
 * Cuts a text into pieces of at most `size` words, whole words of the text as it stands; a word longer than `size` is a piece of its own. Pieces begin about `stride` apart and the last one
 * reaches the end. A text without words is one piece. Throws `bad-usage` for sizes that make no sense.
 */
export function chunkText(text: string, { size, stride = size, lengthOf }: ChunkOptions): readonly string[] {
  if (!Number.isInteger(size) || size < 1 || !Number.isInteger(stride) || stride < 1 || stride > size) {
    throw inputError("bad-usage", "chunks of this size and stride make no sense", {
      field: "chunk",
      found: `size ${size}, stride ${stride}`,
      expected: "whole numbers, 1 ≤ stride ≤ size",
    });
  }
  const words = [...text.matchAll(word)];
  if (words.length === 0) return [text];
  const lengths = words.map(([one]) => lengthOf?.(one) ?? 1);
  const pieces: string[] = [];
  for (let first = 0; ; ) {
    let end = first + 1;
    for (let length = lengths[first] as number; end < words.length; end++) {
      length += lengths[end] as number;
      if (length > size) break;
    }
    const last = words[end - 1] as RegExpExecArray;
    pieces.push(text.slice(words[first]?.index, last.index + last[0].length));
    if (end >= words.length) return pieces;
    // The next piece begins a stride further on, and leaves no word out.
    let step = lengths[first] as number;
    let next = first + 1;
    for (; next < end && step < stride; next++) step += lengths[next] as number;
    first = next;
  }
}

/** Cuts documents; chunk `i` of `d` has the id `d#i` and repeats the title. */
export function chunkDocuments(documents: Iterable<TextItem>, options: ChunkOptions): Chunks {
  const items = new Map<string, TextItem>();
  const chunkOf = new Map<string, ChunkPlace>();
  for (const document of documents) {
    const { title } = document;
    for (const [index, piece] of chunkText(bodyOf(document), options).entries()) {
      const id = `${document.id}#${index}`;
      const named = title === undefined || title === "" ? undefined : title;
      const text = named === undefined ? piece : piece === "" ? named : `${named} ${piece}`;
      items.set(id, { id, text, ...(named === undefined ? {} : { title: named }) });
      chunkOf.set(id, { document: document.id, index });
    }
  }
  return { items, chunkOf };
}
