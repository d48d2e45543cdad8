// Parts of a long comparison that are kept on disk, so that one that was stopped goes on.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** What `make` gives, as JSON in a file; read from there where it is. */
export async function keep(path, make) {
  const before = kept(path);
  if (before !== null) return before;
  const made = await make();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(made));
  return made;
}

/** What is kept in a file; null where there is none. */
export function kept(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null;
}
