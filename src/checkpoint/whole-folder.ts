import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { syncFolder } from "../base/files.js";

/** Has a folder filled beside `target` and renames it: a reader sees a whole folder or none. One that stands there is replaced. */
export async function writeWholeFolder(target: string, fill: (path: string) => Promise<void>): Promise<void> {
  const path = resolve(target);
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
  const before = `${beside}.replaced`;
  rmSync(beside, { recursive: true, force: true });
  try {
    mkdirSync(beside, { recursive: true });
    await fill(beside);
    rmSync(before, { recursive: true, force: true });
    if (existsSync(path)) renameSync(path, before);
    renameSync(beside, path);
    syncFolder(dirname(path));
    rmSync(before, { recursive: true, force: true });
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}
