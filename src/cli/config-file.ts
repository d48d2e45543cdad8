import { readFileSync } from "node:fs";
import { inputError } from "../base/errors.js";

/** An object from a JSON file; its keys are checked by whoever takes them. */
export function readConfigFile(path: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw inputError("missing-input", "the configuration cannot be read", { file: path, found: reason(error) });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw inputError("bad-config", "the configuration is no JSON", { file: path, found: reason(error) });
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw inputError("bad-config", "the configuration is no object", { file: path, expected: "{…}" });
  }
  return value as Readonly<Record<string, unknown>>;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
