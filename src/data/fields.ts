import { type ErrorDetail, inputError, type NearmissError } from "../base/errors.js";

/** Where something stands. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** One record of a file: field name → value (a string in CSV and TSV, any JSON value in JSONL). */
export interface Row extends Place {
  readonly fields: ReadonlyMap<string, unknown>;
}

/** An error about one field of one record. */
export function fieldError(row: Row, field: string, expected: string, more: ErrorDetail = {}): NearmissError {
  const value = row.fields.get(field);
  const missing = value === undefined || value === null;
  return inputError(
    missing ? "missing-field" : "invalid-field",
    missing ? "a field is missing" : "a field is not valid",
    {
      file: row.file,
      line: row.line,
      field,
      found: missing && row.fields.size > 0 ? `fields ${[...row.fields.keys()].join(", ")}` : describeValue(value),
      expected,
      ...more,
    },
  );
}

/** A text that is not blank. */
export function requiredText(row: Row, field: string): string {
  const value = row.fields.get(field);
  if (typeof value === "string" && value.trim() !== "") return value;
  throw fieldError(row, field, "a text that is not blank");
}

/** A text that may be blank: published collections hold some. */
export function anyText(row: Row, field: string): string {
  const value = row.fields.get(field);
  if (typeof value === "string") return value;
  throw fieldError(row, field, "a text");
}

/** A text or a list of texts, none blank; a missing, null or blank field is an empty list. */
export function textList(row: Row, field: string): readonly string[] {
  const value = row.fields.get(field);
  if (value === undefined || value === null || (typeof value === "string" && value.trim() === "")) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((item) => {
    if (typeof item === "string" && item.trim() !== "") return item;
    throw fieldError(row, field, "a text or a list of texts, none blank");
  });
}

/** Texts that answer a query: a list, in tables written as JSON, or one text. A missing, null or blank field is an empty list. */
export function answerList(row: Row, field: string): readonly string[] {
  const value = row.fields.get(field);
  if (typeof value !== "string" || !value.trimStart().startsWith("[")) return textList(row, field);
  try {
    return textList({ ...row, fields: new Map([[field, JSON.parse(value) as unknown]]) }, field);
  } catch {
    throw fieldError(row, field, "a text, or a list of texts as JSON");
  }
}

/** An id: a string that is not empty, or a whole number, whose digits are taken. Undefined where the field is missing or empty. */
export function optionalId(row: Row, field: string): string | undefined {
  const value = row.fields.get(field);
  return value === undefined || value === null || value === "" ? undefined : toId(row, field, value);
}

/** As `optionalId`; throws where there is none. */
export function requiredId(row: Row, field: string): string {
  const id = optionalId(row, field);
  if (id === undefined) throw fieldError(row, field, "an id (a text or a whole number)");
  return id;
}

/** An id or a list of ids; a missing field is an empty list. */
export function idList(row: Row, field: string): readonly string[] {
  const value = row.fields.get(field);
  if (Array.isArray(value)) return value.map((item) => toId(row, field, item));
  const id = optionalId(row, field);
  return id === undefined ? [] : [id];
}

/** A finite number, written as such or in a text. */
export function requiredNumber(row: Row, field: string): number {
  const value = row.fields.get(field);
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw fieldError(row, field, "a number");
}

/** A value in a few words, for messages. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "string") return value.trim() === "" ? "a blank text" : JSON.stringify(excerpt(value));
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  return `${typeof value} ${String(value)}`;
}

/** The first 60 characters. */
export function excerpt(text: string): string {
  const characters = [...text.slice(0, 130)];
  return characters.length <= 60 ? text : `${characters.slice(0, 60).join("")}…`;
}

function toId(row: Row, field: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  throw fieldError(row, field, "an id (a text or a whole number)");
}
