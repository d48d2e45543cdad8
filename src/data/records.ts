import { pipeline, Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { inputError } from "../base/errors.js";
import { excerpt, type Row } from "./fields.js";
import { parseJson } from "./json.js";
import { arrayElements } from "./json-array.js";
import { type ByteSource, fileSource, type Line, readLines, textBlocks } from "./lines.js";
import { readParquet } from "./parquet.js";

/** File formats of records, by the end of the name (before `.gz`). */
export type RecordFormat = "jsonl" | "json" | "csv" | "tsv" | "parquet";

/** The format a file name stands for, or undefined. */
export function recordFormat(path: string): RecordFormat | undefined {
  if (/\.parquet$/i.test(path)) return "parquet";
  const end = /\.(jsonl|ndjson|json|csv|tsv)(\.gz)?$/i.exec(path)?.[1]?.toLowerCase();
  return end === "ndjson" ? "jsonl" : (end as RecordFormat | undefined);
}

/** A table's column names, where the file has no line of them. */
type Header = readonly string[] | undefined;

/** The records of a file, one at a time. Throws `empty-file` when there is none. */
export async function* readRecords(path: string, format: RecordFormat, header?: Header): AsyncGenerator<Row> {
  let empty = true;
  for await (const row of recordsOf(path, format, header)) {
    empty = false;
    yield row;
  }
  if (empty) {
    throw inputError("empty-file", "there is no record in the file", {
      file: path,
      expected: expectedIn[format],
    });
  }
}

const table = "a line of column names, then rows";
const expectedIn: Readonly<Record<RecordFormat, string>> = {
  jsonl: "one JSON object a line",
  json: "a list of JSON objects, or one object a line",
  csv: table,
  tsv: table,
  parquet: "rows",
};

/** The first record of a file, to see what it holds. Throws as `readRecords` does. */
export async function firstRecord(path: string, format: RecordFormat, header?: Header): Promise<Row> {
  for await (const row of readRecords(path, format, header)) return row;
  throw new Error("readRecords yields a record or throws");
}

/** As `readRecords`, but a file may be empty. */
export function recordsOf(path: string, format: RecordFormat, header?: Header): AsyncGenerator<Row> {
  if (format === "parquet") return readParquet(path);
  const source = fileSource(path);
  if (format === "jsonl") return readJsonl(path, readLines(source));
  return format === "json" ? readJson(path) : readDelimited(source, format, header);
}

/** A list of objects, or lines of them: many files of lines are named `.json`. */
async function* readJson(path: string): AsyncGenerator<Row> {
  let isList: boolean | undefined;
  for await (const { text } of textBlocks(fileSource(path))) {
    isList = text.trimStart() === "" ? undefined : text.trimStart().startsWith("[");
    if (isList !== undefined) break;
  }
  yield* readJsonl(path, isList === true ? arrayElements(fileSource(path)) : readLines(fileSource(path)));
}

/** One JSON object a line; blank lines are passed over. */
export async function* readJsonl(file: string, lines: AsyncIterable<Line>): AsyncGenerator<Row> {
  for await (const { line, text } of lines) {
    if (text.trim() === "") continue;
    yield { file, line, fields: parseObject(text, file, line) };
  }
}

/**
 * CSV as RFC 4180 (quotes, doubled quotes, line ends inside quotes), or TSV, where a quote is a character like any other and a
 * field holds neither tabs nor line ends. The first row names the columns, unless `given` does. `line` is the record's first line.
 */
export async function* readDelimited(source: ByteSource, format: "csv" | "tsv", given?: Header): AsyncGenerator<Row> {
  const { file } = source;
  const parser = parse({
    delimiter: format === "csv" ? "," : "\t",
    quote: format === "csv" ? '"' : null,
    record_delimiter: ["\r\n", "\n"],
    skip_empty_lines: true,
    info: true,
  });
  const text = async function* () {
    for await (const block of textBlocks(source)) yield block.text;
  };
  let header = given;
  try {
    const records = pipeline(Readable.from(text()), parser, () => {}) as AsyncIterable<ParsedRecord>;
    for await (const { record, info } of records) {
      const line = firstLine(record, info.lines);
      if (header === undefined) {
        header = record.map((name) => name.trim());
        const repeated = header.find((name, i) => header?.indexOf(name) !== i);
        if (repeated !== undefined) {
          throw inputError("invalid-header", "a column name stands twice", { file, line, field: repeated });
        }
      } else {
        if (record.length !== header.length) throw wrongCount(file, line, record.length, header.length);
        yield { file, line, fields: new Map(header.map((name, i) => [name, record[i]])) };
      }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw csvError(error, file, header?.length);
  }
}

interface ParsedRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** csv-parse counts the lines up to a record's end; the line ends inside its quotes lead back to its start. */
function firstLine(record: readonly string[], lastLine: number): number {
  let inside = 0;
  for (const field of record) for (let at = field.indexOf("\n"); at >= 0; at = field.indexOf("\n", at + 1)) inside++;
  return lastLine - inside;
}

function csvError(error: CsvError, file: string, columns: number | undefined) {
  const detail = error as unknown as { readonly lines?: number; readonly record?: readonly string[] };
  const place = { file, ...(detail.lines === undefined ? {} : { line: detail.lines }) };
  if (error.code === "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH") {
    return wrongCount(file, detail.lines, detail.record?.length, columns);
  }
  return inputError("invalid-csv", "the row cannot be read", {
    ...place,
    found: error.message,
    expected: "fields separated by commas, quoted as in RFC 4180",
  });
}

function wrongCount(file: string, line: number | undefined, found = 0, expected = 0) {
  return inputError("invalid-csv", "a row has not as many fields as there are columns", {
    file,
    ...(line === undefined ? {} : { line }),
    found: `${found} fields`,
    expected: `${expected} fields`,
  });
}

function parseObject(text: string, file: string, line: number): ReadonlyMap<string, unknown> {
  const detail = { file, line, found: excerpt(text), expected: "one JSON object a line" };
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw inputError("invalid-json", "the line is not JSON", detail);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw inputError("invalid-json", "the line is not a JSON object", detail);
  }
  return new Map(Object.entries(value));
}
