import { readdirSync } from "node:fs";
import { join } from "node:path";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import { type RecordFormat, recordFormat } from "./records.js";

/** A file that becomes one split. */
export interface SplitFile {
  readonly split: string;
  readonly path: string;
  readonly format: RecordFormat;
  /** Column names, where the file has no line of them. */
  readonly header?: readonly string[];
}

/** The split that a file is named after: its name up to the first dot; `valid`, `validation` and `val` are `dev`. */
export function splitNamed(name: string): string | undefined {
  const stem = /^(train|dev|valid|validation|val|test)\./i.exec(name)?.[1]?.toLowerCase();
  return stem?.startsWith("val") ? "dev" : stem;
}

/** The tables of a folder that are named after splits, in code point order; two files of one split are an error. */
export function splitFiles(folder: string): readonly SplitFile[] {
  return tablesNamed(folder, (name) => splitNamed(name));
}

/** The tables of a folder named `PREFIX-train.tsv`, `PREFIX-dev.tsv` … */
export function prefixedSplitFiles(folder: string, prefix: string): readonly SplitFile[] {
  return tablesNamed(folder, (name) =>
    name.startsWith(prefix) && /^[-_.]/.test(name.slice(prefix.length))
      ? splitNamed(name.slice(prefix.length + 1))
      : undefined,
  );
}

/** What stands before the split in names such as `en-train.tsv`, in code point order. */
export function prefixesOf(folder: string): readonly string[] {
  const found = readdirSync(folder).flatMap((name) => {
    const [, prefix] = /^(.+)[-_.](?:train|dev|valid|validation|val|test)\.[a-z.]+$/i.exec(name) ?? [];
    return prefix !== undefined && recordFormat(name) !== undefined ? [prefix] : [];
  });
  return [...new Set(found)].sort(compareCodePoints);
}

function tablesNamed(folder: string, splitOf: (name: string) => string | undefined): readonly SplitFile[] {
  const files: SplitFile[] = [];
  for (const name of readdirSync(folder).sort(compareCodePoints)) {
    const format = recordFormat(name);
    const split = splitOf(name);
    if (format === undefined || split === undefined) continue;
    const other = files.find((file) => file.split === split);
    if (other !== undefined) {
      throw inputError("ambiguous-input", `two files hold the split ${split}`, {
        file: join(folder, name),
        found: `${other.path.slice(folder.length + 1)} and ${name}`,
        expected: "one file a split",
      });
    }
    files.push({ split, path: join(folder, name), format });
  }
  return files;
}
