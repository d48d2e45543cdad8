import { existsSync, readFileSync } from "node:fs";
import type { z } from "zod";
import { type ErrorDetail, inputError, type NearmissError } from "../base/errors.js";
import type { JsonObject } from "./types.js";

/** A model folder that cannot be used as it is. */
export function modelError(file: string, message: string, detail: ErrorDetail = {}): NearmissError {
  return inputError("bad-model", message, { file, ...detail });
}

/** Reads a JSON file; throws when it is absent (with this advice) or not JSON (with the line). */
export function readJson(file: string, hint?: string): unknown {
  if (!existsSync(file)) throw modelError(file, "file not found", hint === undefined ? {} : { hint });
  const text = readFileSync(file, "utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = (error as Error).message;
    throw modelError(file, "not valid JSON", {
      line: lineOf(text, reason),
      found: reason,
      hint: "download or save the file again",
    });
  }
}

/** A value as the text of a JSON file. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The text of a JSON object with some keys changed and every other number as it was written (2.0 stays 2.0). */
export function editJsonText(text: string, changes: JsonObject): string {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.startsWith('"') ? token : `"${MARK}${token}"`,
  );
  const changed = { ...(JSON.parse(marked) as JsonObject), ...changes };
  return jsonText(changed).replace(new RegExp(`"${MARK}([^"]*)"`, "g"), "$1");
}

/** Before a number that stands in a string for a while; no model's file says it. */
const MARK = "number as it was written: ";

/** Checks a value that came from a file against a schema; the first fault is the error. */
export function checkShape<T>(file: string, value: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const keys = issue?.path ?? [];
  throw modelError(file, "unexpected value", {
    ...(keys.length === 0 ? {} : { field: keys.join(".") }),
    found: abbreviate(at(value, keys)),
    expected: issue?.message ?? "another shape",
  });
}

/** Entries of a JSON object used as a map, where a key may be any text (`__proto__` too, which a schema would drop). */
export function entriesOf<T>(file: string, field: string, value: unknown, schema: z.ZodType<T>): [string, T][] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw modelError(file, "unexpected value", { field, found: abbreviate(value), expected: "a JSON object" });
  return Object.entries(value).map(([key, held]: [string, unknown]) => {
    const result = schema.safeParse(held);
    if (result.success) return [key, result.data];
    throw modelError(file, "unexpected value", {
      field: `${field}.${key}`,
      found: abbreviate(held),
      expected: result.error.issues[0]?.message ?? "another value",
    });
  });
}

/** A value for a message. */
export function abbreviate(value: unknown): string {
  const text = value === undefined ? "nothing" : typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** V8 names a position, or quotes what stands there. */
function lineOf(text: string, reason: string): number {
  const position = /position (\d+)/.exec(reason)?.[1];
  const quoted = /\.{0,3}"(.*)"(\.\.\.)? is not valid JSON/s.exec(reason)?.[1];
  const place =
    position !== undefined ? Number(position) : quoted !== undefined ? Math.max(0, text.indexOf(quoted)) : text.length;
  return text.slice(0, place).split("\n").length;
}

function at(value: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce((held, key) => (held as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[key], value);
}
