import { inputError } from "../base/errors.js";
import { type ByteSource, type Line, textBlocks } from "./lines.js";

/**
 * What stands between `<NAME …>` and `</NAME>`, one element at a time, names in any case; `line` is the opening tag's. Several elements may share a line. Memory is bounded by
 * the longest element. Throws `invalid-sgml` for an element that is not closed.
 */
export async function* elements(
  source: ByteSource,
  name: string,
): AsyncGenerator<Line & { readonly attributes: string }> {
  const opening = new RegExp(`<${name}(\\s[^>]*)?>`, "i");
  const closing = new RegExp(`</${name}\\s*>`, "gi");
  let held = "";
  let line = 1;
  const drop = (length: number): void => {
    for (let at = held.indexOf("\n"); at >= 0 && at < length; at = held.indexOf("\n", at + 1)) line++;
    held = held.slice(length);
    closing.lastIndex = 0;
  };
  for await (const block of textBlocks(source)) {
    held += block.text;
    // Looking goes on where it ended: an element over many blocks is searched once.
    for (let end = closing.exec(held); end !== null; end = closing.exec(held)) {
      const start = opening.exec(held);
      if (start === null || start.index > end.index) {
        drop(end.index + end[0].length);
        throw inputError("invalid-sgml", `</${name}> closes nothing`, { file: source.file, line });
      }
      drop(start.index);
      const from = start[0].length;
      const to = end.index - start.index;
      yield { line, text: held.slice(from, to), attributes: start[1] ?? "" };
      drop(to + end[0].length);
    }
    closing.lastIndex = Math.max(0, held.length - name.length - 3);
  }
  const left = opening.exec(held);
  if (left === null) return;
  drop(left.index);
  throw inputError("invalid-sgml", `<${name}> is not closed`, {
    file: source.file,
    line,
    found: "the end of the file",
    expected: `</${name}>`,
  });
}

/** What stands in the elements of these names within a text, in their order. */
export function inner(text: string, ...names: readonly string[]): readonly string[] {
  const pattern = new RegExp(`<(${names.join("|")})(?:\\s[^>]*)?>([\\s\\S]*?)</\\1\\s*>`, "gi");
  return [...text.matchAll(pattern)].map((match) => match[2] as string);
}

const entities = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", " "],
]);

/** Text without tags and comments, the usual entities and numbers resolved, white space collapsed. Unknown entities stay as they are. */
export function plainText(marked: string): string {
  return marked
    .replace(/<!--[\s\S]*?-->/g, " ")
    .replace(/<\/?[a-z!?][^<>]*>/gi, " ")
    .replace(/&(#x[0-9a-f]+|#\d+|[a-z]+);/gi, (whole, name: string) => {
      if (!name.startsWith("#")) return entities.get(name.toLowerCase()) ?? whole;
      const code = Number(/^#x/i.test(name) ? `0${name.slice(1)}` : name.slice(1));
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    })
    .replace(/\s+/gu, " ")
    .trim();
}
