import { inputError } from "../base/errors.js";
import { type ByteSource, type Line, textBlocks } from "./lines.js";

/** What stands between the elements of an array is cut off; `line` is where the element begins. */
type Element = Line;

const [quote, backslash, open, close, openList, closeList, comma] = [...'"\\{}[],'].map((one) => one.charCodeAt(0));

/**
 * The elements of a JSON array, one at a time as text, so that a file may be larger than a string. The first character that is not blank
 * must be `[`. Throws `invalid-json` where the array is not closed or something follows it.
 */
export async function* arrayElements(source: ByteSource): AsyncGenerator<Element> {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let ended = false;
  let begun = 1;
  let parts: string[] = [];
  for await (const block of textBlocks(source)) {
    let line = block.line;
    let start = 0;
    const { text } = block;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 10) line++;
      if (inString) {
        if (escaped) escaped = false;
        else if (code === backslash) escaped = true;
        else if (code === quote) inString = false;
        continue;
      }
      if (code <= 32) continue;
      if (ended)
        throw broken(source.file, line, "the end of the file after the closing bracket", text.slice(at, at + 20));
      if (code === quote) inString = true;
      else if (code === open || code === openList) {
        depth++;
        if (depth === 1) start = at + 1;
        else if (depth === 2) begun = line;
      } else if (code === close || code === closeList) {
        depth--;
        ended = depth === 0;
      }
      if (!ended && !(code === comma && depth === 1)) continue;
      const element = [...parts, text.slice(start, at)].join("").trim();
      parts = [];
      start = at + 1;
      if (element !== "") yield { line: begun, text: element };
    }
    if (!ended) parts.push(text.slice(start));
  }
  if (!ended) throw broken(source.file, begun, "a closing bracket", "the end of the file");
}

function broken(file: string, line: number, expected: string, found: string) {
  return inputError("invalid-json", "the file is not a JSON array", { file, line, expected, found });
}
