import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";

/** Packages with documented declarations that a checkout of nearmiss has. The list is fixed, so that results repeat. */
const fixedPackages: readonly string[] = [
  "typescript",
  "@types/node",
  "@huggingface/tokenizers",
  "@huggingface/transformers",
  "@types/chai",
  "@types/cli-progress",
  "@vitest/runner",
  "adm-zip",
  "chalk",
  "commander",
  "csv-parse",
  "dependency-cruiser",
  "enhanced-resolve",
  "fast-check",
  "lightningcss",
  "long",
  "magic-string",
  "onnxruntime-common",
  "playwright-core",
  "postcss",
  "protobufjs",
  "rolldown",
  "sharp",
  "tinybench",
  "type-fest",
  "undici-types",
  "uplot",
  "vite",
  "vitest",
  "zod",
];

/** The packages to read in a checkout of nearmiss: the fixed list. In another project: the same, then those it depends on. */
export function packagesAround(root: string): readonly string[] {
  const file = join(root, "package.json");
  if (!existsSync(file)) return fixedPackages;
  let project: { name?: unknown; dependencies?: unknown; devDependencies?: unknown };
  try {
    project = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw inputError("bad-package-file", `not JSON: ${(error as Error).message}`, { file });
  }
  if (project.name === "nearmiss") return fixedPackages;
  const own = [project.dependencies, project.devDependencies].flatMap((names) => Object.keys(names ?? {}));
  return [...new Set([...fixedPackages, ...own.sort(compareCodePoints)])];
}

/** The folder of an installed package as the project in `root` sees it: in the nearest `node_modules` from there upwards. */
export function packageFolder(root: string, name: string): string | null {
  for (let folder = resolve(root); ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) return null;
  }
}

/**
 * The declaration files of a package, in code point order of their paths. Of `typescript`, only those of the language and the DOM;
 * of playwright-core, not the browser protocol, which Node's inspector documents again.
 */
export function declarationFiles(name: string, folder: string): readonly string[] {
  if (name === "typescript") {
    const lib = join(folder, "lib");
    const files = existsSync(lib) ? readdirSync(lib) : [];
    return files
      .filter((file) => /^lib\..*\.d\.ts$/u.test(file))
      .sort(compareCodePoints)
      .map((file) => join(lib, file));
  }
  const files: string[] = [];
  const visit = (inner: string): void => {
    for (const entry of readdirSync(inner, { withFileTypes: true })) {
      const path = join(inner, entry.name);
      if (entry.isDirectory() && entry.name !== "node_modules") visit(path);
      else if (entry.isFile() && /\.d\.[cm]?ts$/u.test(entry.name) && entry.name !== "protocol.d.ts") files.push(path);
    }
  };
  visit(folder);
  return files.sort(compareCodePoints);
}
