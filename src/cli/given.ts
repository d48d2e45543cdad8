import { existsSync } from "node:fs";
import { inputError } from "../base/errors.js";

/** The entries that have a value: what was not given keeps the library's default. */
export function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Throws `output-exists` where a file would be overwritten without `--force`. */
export function refuseExisting(path: string | undefined, force: true | undefined): void {
  if (path === undefined || force === true || !existsSync(path)) return;
  throw inputError("output-exists", "the output is there already", {
    file: path,
    hint: "replace it with --force, or choose another name",
  });
}

/** A map of the command line as the record that the library takes. */
export function record<T>(map: ReadonlyMap<string, T> | undefined): Readonly<Record<string, T>> | undefined {
  return map === undefined ? undefined : Object.fromEntries(map);
}
