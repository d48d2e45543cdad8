import { commentText, firstSentence, hasTag } from "./typescript-comment.js";
import type { Declaration } from "./typescript-declarations.js";

// Sentences that say nothing about what the symbol does.
const boilerplate =
  /^(see|same as|(an )?alias|shorthand for|inherited|internal|deprecated|todo|note|added in|overload|available only|default|constant for|this (property|method) (is|was|does not))\b/iu;

/**
 * The first sentence of a declaration's doc comment as a search request; null where it would be a poor one: deprecated, internal or
 * inherited, fewer than four or more than forty words, or one that names the symbol (a name of more than 3 letters) or what
 * encloses it (more than 5), since finding that document would take no understanding.
 */
export function searchRequest({ comment, path }: Declaration): string | null {
  if (hasTag(comment, "deprecated", "internal", "inheritdoc", "hidden", "ignore", "private")) return null;
  const sentence = firstSentence(commentText(comment)).replace(/[.:;\s]+$/u, "");
  const words = sentence.split(" ").filter((word) => /[\p{L}\p{N}]/u.test(word));
  if (words.length < 4 || words.length > 40 || boilerplate.test(sentence) || /\bdeprecated\b/iu.test(sentence))
    return null;
  const joined = lettersOf(sentence);
  const named = path.some((name, i) => {
    const letters = lettersOf(name);
    return letters.length > (i === path.length - 1 ? 3 : 5) && joined.includes(letters);
  });
  return named ? null : sentence;
}

/** Lower-case letters, digits and blanks alone, so that "flex-flow" is `flexFlow`. */
function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N} ]+/gu, "");
}
