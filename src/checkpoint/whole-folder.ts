import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { removeAll, renameOver, syncFolder } from "../base/files.js";

/** Has a folder filled beside `target` and renames it: a reader sees a whole folder or none. One that stands there is replaced. */
export async function writeWholeFolder(target: string, fill: (path: string) => Promise<void>): Promise<void> {
  const path = resolve(target);
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
  const before = `${beside}.replaced`;
  removeAll(beside);
  try {
    mkdirSync(beside, { recursive: true });
    await fill(beside);
    removeAll(before);
    if (existsSync(path)) renameOver(path, before);
    renameOver(beside, path);
    syncFolder(dirname(path));
    removeAll(before);
  } finally {
    removeAll(beside);
  }
}
