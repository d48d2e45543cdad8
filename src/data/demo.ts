import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import { inputError } from "../base/errors.js";
import { canonicalText } from "../base/text.js";
import type { RetrievalData } from "../base/types.js";
import { collectWarnings } from "../base/warnings.js";
import { collector } from "./collector.js";
import { declarationFiles, packageFolder, packagesAround } from "./demo-packages.js";
import { searchRequest } from "./demo-sentence.js";
import { splitGroups } from "./demo-splits.js";
import type { Place } from "./fields.js";
import { type Declaration, readDeclarationsOf } from "./typescript-declarations.js";
import { loadTypescript } from "./typescript-parser.js";
import { clip, splitIdentifiers } from "./typescript-words.js";

export interface DeclarationsOptions {
  /** Folder of the project whose installed packages are read. Default: the working directory. */
  readonly root?: string;
  /** Names of packages; those that are not installed are passed over. Default: `packagesAround(root)`. */
  readonly packages?: readonly string[];
}

/** Fewer pairs than these show nothing. */
const fewest = 500;
/** A sentence that stands at more symbols than this is a phrase of the house, not a request for one of them. */
const mostDocuments = 4;
const longestSignature = 400;

interface Pair {
  readonly request: string;
  readonly id: string;
  readonly document: string;
  /** What is held out as a whole: the outermost interface, class or namespace, or the module. */
  readonly group: string;
  readonly place: Place;
}

/**
 * Search requests and the symbols that answer them, from the declarations of installed packages: the first sentence of a doc
 * comment, and the qualified name and signature with identifiers split at case changes. The splits train, dev and test
 * share no interface, class or module.
 * @throws inputError `too-few-declarations` where the project has too little installed, `missing-peer` without typescript.
 */
export async function readDeclarations(options: DeclarationsOptions = {}): Promise<RetrievalData> {
  const { root = process.cwd(), packages = packagesAround(root) } = options;
  const typescript = loadTypescript(root);
  const installed = packages.flatMap((name) => {
    const folder = packageFolder(root, name);
    return folder === null ? [] : [{ name, folder }];
  });
  const answers = new Map<string, Map<string, Pair>>();
  for (const { name, folder } of installed) {
    for (const file of declarationFiles(name, folder)) {
      const text = readFileSync(file, "utf8");
      if (!text.includes("/**")) continue;
      for (const declaration of readDeclarationsOf(typescript, file, text)) {
        const request = searchRequest(declaration);
        if (request === null) continue;
        const pair = pairOf(name, relative(folder, file), declaration, request);
        const known = answers.get(request) ?? new Map<string, Pair>();
        if (!known.has(pair.id)) known.set(pair.id, pair);
        answers.set(request, known);
      }
    }
  }
  const requests = [...answers.values()].map((known) => [...known.values()]).filter((a) => a.length <= mostDocuments);
  if (requests.length < fewest) {
    throw inputError("too-few-declarations", "the packages installed here have too few documented declarations", {
      file: root,
      found: `${requests.length} in ${installed.map(({ name }) => name).join(", ") || "none of the packages that are looked for"}`,
      expected: `at least ${fewest}`,
      hint: "npm install -D typescript@6 @types/node",
    });
  }
  return collected(requests, root);
}

function collected(requests: readonly (readonly Pair[])[], root: string): RetrievalData {
  // Overloads are one document, with the signature that came first.
  const textOf = new Map<string, string>();
  for (const { id, document } of requests.flat()) if (!textOf.has(id)) textOf.set(id, document);
  // Equal texts are one document too: the groups they stand in belong together.
  const groupsOf = new Map<string, string[]>();
  for (const { id, group } of requests.flat()) {
    const text = canonicalText(textOf.get(id)!);
    groupsOf.set(text, [...(groupsOf.get(text) ?? []), group]);
  }
  const groups = requests.map((pairs) => pairs.flatMap(({ id }) => groupsOf.get(canonicalText(textOf.get(id)!))!));
  const splits = splitGroups(groups);
  const found = collector(collectWarnings());
  requests.forEach((pairs, i) => {
    for (const { request, id, place } of pairs) {
      const query = found.query({ text: request }, place);
      found.judge(splits[i]!, query, found.document({ id, text: textOf.get(id)! }, place), 1);
    }
  });
  return found.finish("declarations of installed packages", root);
}

function pairOf(name: string, file: string, declaration: Declaration, request: string): Pair {
  const { kind, path, line } = declaration;
  const signature = declaration.signature.replace(/^(?:export |declare |default |public )+/u, "");
  const module = declaration.module?.replace(/^node:/u, "") ?? null;
  const alone = path.length === 1 && !["class", "interface", "namespace", "enum"].includes(kind);
  const group =
    module?.replace(/\/.*$/u, "") ?? (alone ? `${name} ${file.split(sep).join("/")}` : `${name} ${path[0]}`);
  return {
    request,
    id: `${module ?? name}#${path.join(".")}`,
    document: splitIdentifiers(clip(`${path.join(" ")} ${signature}`, longestSignature)),
    group,
    place: { file, line },
  };
}
