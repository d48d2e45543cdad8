import { existsSync } from "node:fs";
import { join } from "node:path";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import { requiredText } from "./fields.js";
import { fileSource, readLines } from "./lines.js";
import { readRecords } from "./records.js";

/** Number in the label file → name of the class. */
export type ClassNames = ReadonlyMap<number, string>;

/**
 * Names of the classes 0, 1, …: `PREFIX-classes.tsv` with a header, the column `label` and others that together are the name (joined by `/`), or
 * `classes.txt` with one name a line. Undefined where there is neither. Throws where a number or name stands twice.
 */
export async function classNames(folder: string, prefix: string): Promise<ClassNames | undefined> {
  const table = join(folder, prefix === "" ? "classes.tsv" : `${prefix}-classes.tsv`);
  const names = new Map<number, string>();
  const add = (file: string, line: number, label: number, name: string) => {
    if (Number.isSafeInteger(label) && !names.has(label) && ![...names.values()].includes(name)) names.set(label, name);
    else {
      throw inputError("invalid-field", "a class is not valid", {
        file,
        line,
        field: "label",
        found: `${label} ${name}`,
        expected: "a whole number with a name, each once",
      });
    }
  };
  if (existsSync(table)) {
    for await (const row of readRecords(table, "tsv")) {
      const parts = [...row.fields.keys()].filter((name) => name !== "label").map((name) => requiredText(row, name));
      add(table, row.line, Number(requiredText(row, "label")), parts.join("/"));
    }
    return names;
  }
  const list = ["classes.txt", "batches.meta.txt"].map((name) => join(folder, name)).find((path) => existsSync(path));
  if (list === undefined) return undefined;
  for await (const { line, text } of readLines(fileSource(list))) {
    if (text.trim() !== "") add(list, line, names.size, text.trim());
  }
  return names;
}

/** The label of a class number: its name, or its digits where classes have no names. Throws where only this one has none. */
export function className(names: ClassNames | undefined, label: number, file: string): string {
  const name = names === undefined ? String(label) : names.get(label);
  if (name !== undefined) return name;
  throw inputError("invalid-field", "a label has no class name", {
    file,
    field: "label",
    found: String(label),
    expected: `one of ${[...(names?.keys() ?? [])].map(String).sort(compareCodePoints).slice(0, 20).join(", ")}`,
  });
}
