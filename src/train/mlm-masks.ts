import { rng } from "../base/rng.js";
import type { Sequence } from "../nn/encoder.js";
import type { MaskedSequence } from "../nn/masked-lm.js";

export interface MaskingOptions {
  /** The part of a text's tokens that is to be guessed. */
  readonly share: number;
  /** Of these, the parts that the mask token and a random token stand for; the others stay as they are. */
  readonly masked: number;
  readonly replaced: number;
  readonly maskId: number;
  /** Never guessed, nor put in. */
  readonly special: ReadonlySet<number>;
  readonly vocabularySize: number;
  readonly seed: number;
}

/**
 * Masks texts for guessing (Devlin et al. 2019, section 3.1): every token is chosen with probability `share`, and where none is, one of them. A function of text, `path` and
 * seed alone. Null for a text without a token that may be guessed.
 */
export function createMasking(
  options: MaskingOptions,
): (sequence: Sequence, ...path: readonly (string | number)[]) => MaskedSequence | null {
  const { share, masked, replaced, maskId, special, vocabularySize, seed } = options;
  const words = Int32Array.from({ length: vocabularySize }, (_, id) => id).filter((id) => !special.has(id));
  return (sequence, ...path) => {
    const random = rng(seed, "masks", ...path);
    const places = [...sequence.ids.keys()].filter((place) => !special.has(sequence.ids[place] as number));
    if (places.length === 0 || words.length === 0) return null;
    const drawn = places.filter(() => random.float() < share);
    const chosen = drawn.length > 0 ? drawn : [places[random.int(places.length)] as number];
    const ids = sequence.ids.slice();
    const labels = new Int32Array(ids.length).fill(-1);
    for (const place of chosen) {
      labels[place] = ids[place] as number;
      const what = random.float();
      if (what < masked) ids[place] = maskId;
      else if (what < masked + replaced) ids[place] = words[random.int(words.length)] as number;
    }
    return { ...sequence, ids, labels };
  };
}
