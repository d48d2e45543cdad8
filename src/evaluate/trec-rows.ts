import { inputError } from "../base/errors.js";
import { byteBlocks, checkUtf8, fileSource } from "../data/lines.js";
import { doubled, type IdColumn, idColumn } from "./id-column.js";

/** The lines of a run or of judgements as columns: row i says that document i has value i (a score, a grade) for some query. */
export interface TrecRows {
  readonly file: string;
  /** In the order in which they first occur. */
  readonly queries: readonly string[];
  readonly documents: IdColumn;
  readonly values: Float64Array;
  /** The rows of a query (by its place in `queries`), in the order of the file. */
  rowsOf(query: number): Int32Array;
  /** Line of a row, from 1. */
  lineOf(row: number): number;
  /** The last field of the first row: a run's name. */
  readonly tag: string;
}

/** A query in a file of rows; absent where the file lacks it. */
export interface QueryRows {
  readonly rows: TrecRows;
  readonly query: number | undefined;
}

/** Where the fields of a line stand. */
interface Layout {
  readonly fields: number;
  readonly document: number;
  readonly value: number;
  readonly valueName: "score" | "grade";
  readonly expected: string;
  /** Only tabs part fields, and `#` begins no comment: BEIR's form. */
  readonly tabs: boolean;
}

const runLayout: Layout = {
  fields: 6,
  document: 2,
  value: 4,
  valueName: "score",
  expected: "six fields: query Q0 document rank score tag",
  tabs: false,
};
const qrelsLayout: Layout = {
  fields: 4,
  document: 2,
  value: 3,
  valueName: "grade",
  expected: "query iteration document grade, or BEIR's header and three fields",
  tabs: false,
};
const beirLayout: Layout = { ...qrelsLayout, fields: 3, document: 1, value: 2, tabs: true };
const beirHeader = "query-id\t";

const mostFields = runLayout.fields;
/** Where the bounds of a line's fields are followed by its end. */
const lineEnd = 2 * mostFields;

/**
 * Reads a TREC run, gzipped or not: `query Q0 document rank score tag`, separated by blanks or tabs. Ranks are not looked at. Blank lines and lines
 * that start with `#` are skipped. Throws on a line without six fields, a score that is no finite number, and an empty run.
 */
export async function readRunRows(path: string): Promise<TrecRows> {
  const rows = await readRows(path, runLayout);
  if (rows.queries.length === 0) throw inputError("empty-run", "the run holds no results", { file: path });
  return rows;
}

/**
 * Reads judgements, gzipped or not: TREC's `query iteration document grade`, or BEIR's `query-id corpus-id score` with that header and tabs (there an id may
 * have blanks). Throws on other lines and on a grade that is no finite number.
 */
export function readQrelsRows(path: string): Promise<TrecRows> {
  return readRows(path, qrelsLayout);
}

async function readRows(file: string, form: Layout): Promise<TrecRows> {
  const numbers = new Map<string, number>();
  const queryIds = idColumn();
  const documents = idColumn();
  let queryOf = new Int32Array(1 << 10);
  let values = new Float64Array(1 << 10);
  let lines = new Uint32Array(1 << 10);
  let length = 0;
  let query = -1;
  let tag = "";
  const bounds = new Int32Array(lineEnd + 1);

  const addRow = (bytes: Buffer, line: number, layout: Layout): void => {
    const from = bounds[2 * layout.value]!;
    const to = bounds[2 * layout.value + 1]!;
    const value = parseNumber(bytes, from, to);
    if (!Number.isFinite(value))
      throw badLine(
        file,
        line,
        bytes.toString("utf8", from, to),
        `a finite number as ${layout.valueName}`,
        layout.valueName,
      );
    // The lines of a query mostly stand together.
    if (query < 0 || !queryIds.holds(query, bytes, bounds[0]!, bounds[1]!)) {
      const name = bytes.toString("utf8", bounds[0], bounds[1]);
      query = numbers.get(name) ?? numbers.size;
      if (query === numbers.size) {
        numbers.set(name, query);
        queryIds.push(bytes, bounds[0]!, bounds[1]!);
      }
    }
    if (length === queryOf.length) {
      queryOf = doubled(queryOf, Int32Array);
      values = doubled(values, Float64Array);
      lines = doubled(lines, Uint32Array);
    }
    if (length === 0) tag = bytes.toString("utf8", bounds[2 * layout.fields - 2], bounds[2 * layout.fields - 1]);
    documents.push(bytes, bounds[2 * layout.document]!, bounds[2 * layout.document + 1]!);
    queryOf[length] = query;
    values[length] = value;
    lines[length] = line;
    length += 1;
  };

  let layout = form;
  let started = false;
  let line = 0;
  for await (const bytes of byteBlocks(fileSource(file))) {
    checkUtf8(bytes, file, line + 1);
    for (let start = 0; start < bytes.length; start = bounds[lineEnd]! + 1) {
      line += 1;
      const fields = (layout.tabs ? splitTabs : splitBlanks)(bytes, start, bounds);
      if (fields === 0 || (bytes[start] === 0x23 && !layout.tabs)) continue;
      const isHeader =
        !started && form === qrelsLayout && bytes.toString("latin1", start, start + beirHeader.length) === beirHeader;
      if (isHeader) layout = beirLayout;
      else if (fields === layout.fields) addRow(bytes, line, layout);
      else throw badLine(file, line, `${fields} fields`, layout.expected);
      started = true;
    }
  }
  const rowsOf = grouped(queryOf.subarray(0, length), numbers.size);
  const queries = [...numbers.keys()];
  return { file, queries, documents, values: values.subarray(0, length), rowsOf, lineOf: (row) => lines[row]!, tag };
}

/** The rows by query, each in their order. */
function grouped(queryOf: Int32Array, queries: number): (query: number) => Int32Array {
  const ends = new Int32Array(queries + 1);
  for (const query of queryOf) ends[query + 1]! += 1;
  for (let query = 0; query < queries; query++) ends[query + 1]! += ends[query]!;
  const next = ends.slice();
  const rows = new Int32Array(queryOf.length);
  for (let row = 0; row < rows.length; row++) rows[next[queryOf[row]!]!++] = row;
  return (query) => rows.subarray(ends[query]!, ends[query + 1]!);
}

// Both write start and end of each field of the line that begins at `start` into `bounds` (as far as there is room), and the line's end behind them; they
// return how many fields there are.

function splitBlanks(bytes: Uint8Array, start: number, bounds: Int32Array): number {
  let fields = 0;
  for (let at = start; ; fields++) {
    while (at < bytes.length && bytes[at]! <= 32 && bytes[at] !== 10) at++;
    if (at === bytes.length || bytes[at] === 10) {
      bounds[lineEnd] = at;
      return fields;
    }
    if (fields < mostFields) bounds[2 * fields] = at;
    while (at < bytes.length && bytes[at]! > 32) at++;
    if (fields < mostFields) bounds[2 * fields + 1] = at;
  }
}

function splitTabs(bytes: Buffer, start: number, bounds: Int32Array): number {
  const newline = bytes.indexOf(10, start);
  const end = newline < 0 ? bytes.length : newline;
  const last = end > start && bytes[end - 1] === 13 ? end - 1 : end;
  bounds[lineEnd] = end;
  if (last === start) return 0;
  let fields = 0;
  for (let at = start, i = start; i <= last; i++) {
    if (i < last && bytes[i] !== 9) continue;
    if (fields < mostFields) {
      bounds[2 * fields] = at;
      bounds[2 * fields + 1] = i;
    }
    fields += 1;
    at = i + 1;
  }
  return fields;
}

/** The number that the bytes spell, exactly as `Number` reads it. Up to 15 digits without exponent are read here: both parts are exact then, and the quotient is rounded once. */
function parseNumber(bytes: Buffer, start: number, end: number): number {
  let digits = 0;
  let mantissa = 0;
  let point = -1;
  const negative = bytes[start] === 0x2d;
  for (let i = negative ? start + 1 : start; i < end; i++) {
    const digit = bytes[i]! - 48;
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digits += 1;
    } else if (bytes[i] === 0x2e && point < 0) point = digits;
    else return Number(bytes.toString("utf8", start, end));
  }
  if (digits === 0 || digits > 15) return Number(bytes.toString("utf8", start, end));
  const value = point < 0 ? mantissa : mantissa / powers[digits - point]!;
  return negative ? -value : value;
}

const powers = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

function badLine(file: string, line: number, found: string, expected: string, field?: string): Error {
  const place = field === undefined ? {} : { field };
  return inputError("malformed-line", "the line cannot be read", { file, line, ...place, found, expected });
}

export function repeatedDocument({ rows, query }: QueryRows, row: number): Error {
  return inputError("duplicate-id", "a document occurs twice for one query", {
    file: rows.file,
    line: rows.lineOf(row),
    found: `${rows.queries[query!]} ${rows.documents.text(row)}`,
  });
}
