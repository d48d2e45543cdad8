import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { RetrievalData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { collector } from "./collector.js";
import { commentText, firstSentence } from "./typescript-comment.js";
import { oneLine, readDeclarationsOf } from "./typescript-declarations.js";
import { loadTypescript } from "./typescript-parser.js";
import { clip, splitIdentifiers } from "./typescript-words.js";

const passedOver = new Set(["node_modules", "dist", "build", "out", "coverage"]);
const longestSignature = 400;
const longestBody = 300;

/** Whether a path is TypeScript source: not a declaration file, which mostly repeats one. */
export function isTypescript(path: string): boolean {
  return /\.[cm]?tsx?$/u.test(path) && !/\.d\.([^.]+\.)?[cm]?ts$/u.test(path);
}

/**
 * A TypeScript code base as pairs: the first sentence of a doc comment, and the declaration it stands at (qualified name,
 * signature and the head of its body, with identifiers split at case changes). Functions, classes, interfaces, types, enums,
 * namespaces, their public members, and exported variables; `node_modules`, build outputs and hidden folders are passed over. Document ids are
 * `path#Qualified.name`; overloads are one document. All is one split, `train`. Declarations whose comment says nothing
 * before its first tag are left out (`empty-comments`).
 * @throws inputError `missing-peer` without typescript, `no-declarations` where nothing documented is found.
 */
export async function readTypescriptCodeBase(root: string, warnings: Warnings): Promise<RetrievalData> {
  const typescript = loadTypescript(root);
  const found = collector(warnings);
  const documents = new Map<string, string>();
  const files = sourceFiles(root);
  for (const path of files) {
    const file = join(root, path);
    for (const declaration of readDeclarationsOf(typescript, file, await readFile(file, "utf8"))) {
      if (declaration.kind === "variable" && !declaration.exported) continue;
      const place = { file, line: declaration.line };
      const sentence = firstSentence(commentText(declaration.comment));
      if (sentence === "") {
        warnings.add(
          "empty-comments",
          `doc comments without a description are left out, the first in ${file}:${place.line}`,
        );
        continue;
      }
      const name = declaration.path.join(".");
      const id = `${path}#${name}`;
      let document = documents.get(id);
      if (document === undefined) {
        const source = [clip(declaration.signature, longestSignature), clip(oneLine(declaration.body), longestBody)];
        const text = splitIdentifiers([name.replaceAll(".", " "), ...source].join(" "));
        document = found.document({ id, text }, place);
        documents.set(id, document);
      }
      found.judge("train", found.query({ text: sentence }, place), document, 1);
    }
  }
  if (documents.size === 0) {
    throw inputError("no-declarations", "no declaration with a doc comment", {
      file: root,
      found: `${files.length} TypeScript files`,
      expected: "functions, classes or types with /** comments */",
    });
  }
  return found.finish("TypeScript code base", root);
}

/** Paths from the root with `/`, in code point order. Links are not followed. */
function sourceFiles(root: string): readonly string[] {
  const files: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !passedOver.has(entry.name) && !entry.name.startsWith(".")) visit(path);
      else if (entry.isFile() && isTypescript(path)) files.push(path);
    }
  };
  visit("");
  return files.sort(compareCodePoints);
}
