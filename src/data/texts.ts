import { inputError } from "../base/errors.js";
import { canonicalText } from "../base/text.js";
import type { TextItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { anyText, optionalId, type Row } from "./fields.js";
import { toItem } from "./items.js";
import { type ByteSource, fileSource, type Line, readLines } from "./lines.js";
import { readJsonl, recordFormat, recordsOf } from "./records.js";

/** A file's path, or bytes that come by themselves, such as those of stdin. */
export type TextSource = string | AsyncIterable<Uint8Array>;

/**
 * The texts to embed, in the order of the input, equal ones and blank ones included (the latter with a counted warning). `.txt`: one text
 * a line; `.jsonl` `{_id?, title?, text}`; `.csv`, `.tsv` and `.parquet` with the column `text` and, where there are, `_id` (or `id`) and `title`. Bytes of stdin are JSONL when their first line
 * is an object, else one text a line. Title and text are joined by one blank; a text without id gets `textId`.
 */
export async function* readTexts(source: TextSource, warnings: Warnings): AsyncGenerator<TextItem> {
  for await (const item of typeof source === "string"
    ? fileTexts(source)
    : streamTexts({ file: "stdin", chunks: source })) {
    if (canonicalText(item.text) === "") {
      warnings.add("empty-texts", `texts without any character are embedded as they are, the first is ${item.id}`);
    }
    yield item;
  }
}

function fileTexts(path: string): AsyncGenerator<TextItem> {
  const format = recordFormat(path);
  if (format !== undefined) return recordTexts(recordsOf(path, format));
  if (/\.txt(\.gz)?$/i.test(path)) return lineTexts(readLines(fileSource(path)));
  throw inputError("unknown-format", "the texts to embed are in no format that nearmiss understands", {
    file: path,
    expected: "a name that ends in .txt, .jsonl, .csv, .tsv (or these with .gz) or .parquet",
  });
}

async function* streamTexts(source: ByteSource): AsyncGenerator<TextItem> {
  const lines = readLines(source);
  const first = await lines.next();
  if (first.done === true) return;
  const all = prepended(first.value, lines);
  yield* isObject(first.value.text) ? recordTexts(readJsonl(source.file, all)) : lineTexts(all);
}

async function* prepended<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

async function* lineTexts(lines: AsyncIterable<Line>): AsyncGenerator<TextItem> {
  for await (const { text } of lines) yield toItem({ text });
}

async function* recordTexts(rows: AsyncIterable<Row>): AsyncGenerator<TextItem> {
  for await (const row of rows) {
    const title = row.fields.get("title") == null ? undefined : anyText(row, "title");
    yield toItem({ id: optionalId(row, "_id") ?? optionalId(row, "id"), title, text: anyText(row, "text") });
  }
}

function isObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return value !== null && typeof value === "object" && !Array.isArray(value);
  } catch {
    return false;
  }
}
