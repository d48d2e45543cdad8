import { inputError } from "../base/errors.js";

/** Graphemes of this many UTF-8 bytes are looked up character by character at once, as the reference does. */
const LONGEST_GRAPHEME = 6;

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

/**
 * The normaliser that SentencePiece compiles into a tokenizer (XLM-RoBERTa, CamemBERT): base64 of the length of a double-array trie in
 * bytes, the trie, and the replacements, each ended by a zero byte. A grapheme of fewer than six bytes is replaced whole by what its
 * shortest known beginning stands for, else each of its characters is. As in the reference (Hugging Face's `spm_precompiled`), which published
 * models were made with.
 * @throws inputError `bad-tokenizer` where the map is cut off.
 */
export function precompiledNormalizer(charsmap: string, file: string): (text: string) => string {
  const bytes = Buffer.from(charsmap, "base64");
  const size = bytes.length < 4 ? Number.POSITIVE_INFINITY : bytes.readUInt32LE(0);
  if (size % 4 !== 0 || size > bytes.length - 4)
    throw inputError("bad-tokenizer", "the precompiled normaliser is cut off", {
      file,
      field: "normalizer.precompiled_charsmap",
      found: `${bytes.length} bytes`,
    });
  const trie = Uint32Array.from({ length: size / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
  const replacements = bytes.subarray(4 + size);
  const known = new Map<string, string | null>();

  const replacement = (chunk: string): string | null => {
    const before = known.get(chunk);
    if (before !== undefined) return before;
    const place = firstPrefix(trie, Buffer.from(chunk, "utf8"));
    const end = place === null ? -1 : replacements.indexOf(0, place);
    const found = place === null ? null : replacements.toString("utf8", place, end === -1 ? replacements.length : end);
    if (known.size < 100_000) known.set(chunk, found);
    return found;
  };

  return (text) => {
    let result = "";
    for (const { segment } of segmenter.segment(text)) {
      const whole = Buffer.byteLength(segment) < LONGEST_GRAPHEME ? replacement(segment) : null;
      if (whole !== null) result += whole;
      else for (const character of segment) result += replacement(character) ?? character;
    }
    return result;
  };
}

/** The value of the shortest beginning of `key` that the trie holds. Units as in Darts-clone: offset, label, and whether a leaf follows. */
function firstPrefix(trie: Uint32Array, key: Uint8Array): number | null {
  let place = offsetOf(trie[0] ?? 0);
  for (const byte of key) {
    if (byte === 0) return null;
    place ^= byte;
    const unit = trie[place] ?? 0;
    if ((unit & 0x800000ff) >>> 0 !== byte) return null;
    place ^= offsetOf(unit);
    if (((unit >>> 8) & 1) === 1) return (trie[place] ?? 0) & 0x7fffffff;
  }
  return null;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
