import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { inputError, type NearmissError, notImplemented } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { RetrievalData } from "../base/types.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { isBeirFolder, readBeir } from "./beir.js";
import { readPairs, type SplitFile } from "./pairs.js";
import { recordFormat } from "./records.js";
import { isMarkdown, isPlainText, readSections } from "./sections.js";
import { isTypescript, readTypescriptCodeBase } from "./typescript-codebase.js";

/** How to read data. */
export interface LoadOptions {
  /** Meaning → column name, for names that are not among the usual ones: `{query: "q", positive: "a"}`. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Hears of merged documents, left out sections and the like. */
  readonly warnings?: Warnings;
}

const understood =
  "a BEIR folder (corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv), a .jsonl, .csv or .tsv file of pairs or triplets (or a folder of them " +
  "named train, dev, test), a folder of Markdown or text, or TypeScript sources";

/**
 * Recognises and reads queries, documents and judgements. A single file is the split `train`; `valid`, `validation` and `val` name the split `dev`.
 * gzip is recognised by its first bytes. Throws `NearmissError` with file, line and field for anything that cannot be read, and
 * `unknown-format` where nothing is recognised.
 */
export async function loadData(source: string, options: LoadOptions = {}): Promise<RetrievalData> {
  const warnings = options.warnings ?? collectWarnings();
  const columns = new Map(Object.entries(options.columns ?? {}));
  if (!existsSync(source)) {
    throw inputError("missing-input", "there is no such file or folder", { file: source, expected: understood });
  }
  if (!statSync(source).isDirectory()) return loadFile(source, columns, warnings);
  if (isBeirFolder(source)) return readBeir(source, warnings);
  const splits = splitFiles(source);
  if (splits.length > 0) return readPairs(source, splits, columns, warnings);

  const { markdown, text, typescript } = census(source);
  const prose = [...markdown, ...text].sort(compareCodePoints);
  if (prose.length > 0 && prose.length > typescript) return readSections(source, prose, warnings);
  if (typescript > 0) return readTypescriptCodeBase(source, warnings);
  throw unknownFormat(source, `a folder with ${listed(readdirSync(source))}`);
}

function loadFile(path: string, columns: ReadonlyMap<string, string>, warnings: Warnings): Promise<RetrievalData> {
  const format = recordFormat(path);
  if (format !== undefined) return readPairs(path, [{ split: "train", path, format }], columns, warnings);
  if (isMarkdown(path) || isPlainText(path)) return readSections(dirname(path), [basename(path)], warnings);
  if (/\.parquet$/i.test(path)) throw notImplemented(`${path}: reading Parquet`);
  throw unknownFormat(path, `a file named ${basename(path)}`);
}

function unknownFormat(file: string, found: string): NearmissError {
  return inputError("unknown-format", "this is no data that nearmiss understands", {
    file,
    found,
    expected: understood,
  });
}

/** The files of a folder that are named after splits, in code point order; two files of one split are an error. */
function splitFiles(folder: string): readonly SplitFile[] {
  const files: SplitFile[] = [];
  for (const name of readdirSync(folder).sort(compareCodePoints)) {
    const format = recordFormat(name);
    const stem = /^(train|dev|valid|validation|val|test)\./i.exec(name)?.[1]?.toLowerCase();
    if (format === undefined || stem === undefined) continue;
    const split = stem.startsWith("val") ? "dev" : stem;
    const other = files.find((file) => file.split === split);
    if (other !== undefined) {
      throw inputError("ambiguous-input", `two files hold the split ${split}`, {
        file: join(folder, name),
        found: `${basename(other.path)} and ${name}`,
        expected: "one file a split",
      });
    }
    files.push({ split, path: join(folder, name), format });
  }
  return files;
}

/** What a folder tree holds, as paths from its root. Hidden folders and `node_modules` are passed over, links are not followed. */
function census(root: string) {
  const markdown: string[] = [];
  const text: string[] = [];
  let typescript = 0;
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== "node_modules" && !entry.name.startsWith(".")) visit(path);
      } else if (!entry.isFile()) continue;
      else if (isMarkdown(path)) markdown.push(path);
      else if (isPlainText(path)) text.push(path);
      else if (isTypescript(path)) typescript++;
    }
  };
  visit("");
  return { markdown, text, typescript };
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return "no files";
  const first = [...names].sort(compareCodePoints).slice(0, 5).join(", ");
  return names.length > 5 ? `${first} and ${names.length - 5} more` : first;
}
