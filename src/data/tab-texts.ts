import { inputError } from "../base/errors.js";
import { fileSource, readLines } from "./lines.js";
import type { PlacedText } from "./trec-text.js";

/** How the columns of a line are read, by their number: `id text`, `id title text`, MS MARCO's documents `id url title body`. */
const layouts = new Map([
  [2, { title: undefined, text: 1 }],
  [3, { title: 1, text: 2 }],
  [4, { title: 2, text: 3 }],
]);

/**
 * The texts of a table without a header, columns separated by tabs: MS MARCO's `collection.tsv` and `queries.tsv` (id, text), a title between the two, or id, URL, title and body. A header
 * that begins with `id` says where title and text stand (DPR's `psgs_w100.tsv`: id, text, title). Throws `malformed-line` for other lines.
 */
export async function* tabTexts(path: string): AsyncGenerator<PlacedText> {
  let layout: { readonly title: number | undefined; readonly text: number } | undefined;
  let columns: number | undefined;
  for await (const { line, text } of readLines(fileSource(path))) {
    if (text.trim() === "") continue;
    const fields = text.split("\t");
    if (columns === undefined) {
      columns = fields.length;
      layout = layouts.get(columns);
      if (/^(id|docid|pid|qid)$/i.test(fields[0] ?? "") && fields.includes("text")) {
        layout = {
          title: fields.includes("title") ? fields.indexOf("title") : undefined,
          text: fields.indexOf("text"),
        };
        continue;
      }
    }
    const id = fields[0] as string;
    if (layout === undefined || fields.length !== columns || id === "") {
      throw inputError("malformed-line", "the line cannot be read", {
        file: path,
        line,
        found: id === "" ? "an empty id" : `${fields.length} fields`,
        expected: layout === undefined ? "an id, perhaps a title, and a text, separated by tabs" : `${columns} fields`,
      });
    }
    const title = layout.title === undefined ? "" : (fields[layout.title] as string);
    yield { id, title, text: fields[layout.text] as string, place: { file: path, line } };
  }
}
