import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type ts from "typescript";
import { inputError } from "../base/errors.js";

/** What is used of the `typescript` package. */
export type Typescript = typeof ts;

/**
 * The `typescript` package, an optional peer: as nearmiss itself sees it, else as the project in `root` does.
 * @throws inputError `missing-peer` where it is absent or has no parser to call (the native compiler has none).
 */
export function loadTypescript(root: string): Typescript {
  const found = requireFrom(import.meta.url) ?? requireFrom(join(resolve(root), "package.json"));
  if (found === null || typeof found.createSourceFile !== "function") {
    throw inputError("missing-peer", "reading TypeScript needs the package `typescript`", {
      found: found === null ? "not installed" : `version ${found.version ?? "unknown"}, which has no parser to call`,
      expected: "typescript 5 or 6",
      hint: "npm install typescript@6",
    });
  }
  return found;
}

// `require`, since `import` would first read nine megabytes for the names they export, which takes a second.
function requireFrom(place: string): Typescript | null {
  try {
    return createRequire(place)("typescript") as Typescript;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return null;
    throw error;
  }
}
