import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { inputError, type NearmissError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { Dataset, RetrievalData } from "../base/types.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { isBeirFolder, readBeir } from "./beir.js";
import { census } from "./census.js";
import { isCifarFolder, readCifar } from "./cifar.js";
import { readCollection } from "./collection.js";
import { collectionFiles } from "./collection-files.js";
import type { ChosenColumns } from "./columns.js";
import { isIdxFolder, readIdxFolder } from "./idx-folder.js";
import { interactionFiles } from "./interactions.js";
import { readLabelledVectors } from "./labelled-vectors.js";
import { isLightGcnFolder, readLightGcn } from "./lightgcn.js";
import { fileSource, readLines } from "./lines.js";
import { pictureFiles, readPictureFolder } from "./picture-folder.js";
import { recordFormat } from "./records.js";
import { isMarkdown, isPlainText, readSections } from "./sections.js";
import { prefixedSplitFiles, prefixesOf, type SplitFile, splitFiles, splitNamed } from "./split-files.js";
import { readTables } from "./tables.js";
import { readTripleFolder, tripleFiles } from "./triples.js";
import { readTypescriptCodeBase } from "./typescript-codebase.js";

/** How to read data. */
export interface LoadOptions {
  /** Meaning → column name, for names that are not among the usual ones: `{query: "q", positive: "a"}`. */
  readonly columns?: Readonly<Record<string, string>>;
  /** The size that pictures of class folders are brought to; default: the most frequent one. */
  readonly picture?: { readonly height: number; readonly width: number };
  /** Hears of merged documents, left out sections and the like. */
  readonly warnings?: Warnings;
  /** Hears what was recognised as soon as it is read. */
  readonly recognised?: ((data: Dataset) => void) | undefined;
}

const understood =
  "a BEIR folder (corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv); a TREC or MS MARCO collection with topics and judgements; a .jsonl, .json, .csv, .tsv or .parquet file of pairs, " +
  "triplets, scored pairs, labelled items, interactions or triples (or a folder of them named train, dev, test); DPR's or Tevatron's JSON; class folders of pictures, idx or CIFAR files; .npy with labels; " +
  "LightGCN's or MovieLens's files; a folder of Markdown or text; TypeScript sources";

const inWords: Readonly<Record<Dataset["kind"], string>> = {
  retrieval: "queries with documents that answer them",
  labelled: "labelled items",
  scored: "scored pairs",
  interactions: "users and items",
  triples: "a graph of triples",
};

/**
 * Recognises and reads data of any kind. A single file is the split `train`; `valid`, `validation` and `val` name the split `dev`; a path that is the
 * beginning of names (`stsb/en`) stands for the files `en-train.tsv`, `en-dev.tsv` … gzip is recognised by its first bytes. Throws `NearmissError` with file, line and
 * field for anything that cannot be read, and `unknown-format` where nothing is recognised.
 */
export async function loadDataset(source: string, options: LoadOptions = {}): Promise<Dataset> {
  const data = await recognise(source, options);
  options.recognised?.(data);
  return data;
}

async function recognise(source: string, options: LoadOptions): Promise<Dataset> {
  const warnings = options.warnings ?? collectWarnings();
  const columns = new Map(Object.entries(options.columns ?? {}));
  if (!existsSync(source)) return loadPrefixed(source, columns, warnings);
  if (!statSync(source).isDirectory()) return loadFile(source, columns, warnings);
  if (isBeirFolder(source)) return readBeir(source, warnings);
  if (isIdxFolder(source)) return readIdxFolder(source, warnings);
  if (isCifarFolder(source)) return readCifar(source, warnings);
  const collection = await collectionFiles(source);
  if (collection.length > 0) return readCollection(source, collection, columns, warnings);
  const triples = await tripleFiles(source);
  if (triples.length > 0) return readTripleFolder(source, triples, warnings);
  const splits = splitFiles(source);
  if (splits.length > 0) return readTables(source, splits, columns, warnings);
  const interactions = interactionFiles(source);
  if (interactions.length > 0) return readTables(source, interactions, columns, warnings);
  if (await isLightGcnFolder(source)) return readLightGcn(source, warnings);
  const vectors = vectorFiles(source);
  if (vectors.length > 0) return readLabelledVectors(source, vectors, warnings);

  const { markdown, text, typescript } = census(source);
  const pictures = pictureFiles(source);
  // Prose may have illustrations, and pictures a page that tells of them.
  const classes = new Set(pictures.map(({ label }) => label)).size;
  if (
    pictures.length > text.length &&
    typescript === 0 &&
    (markdown.length === 0 || (markdown.length === 1 && classes > 1))
  )
    return readPictureFolder(source, pictures, warnings, options.picture);
  const prose = [...markdown, ...text].sort(compareCodePoints);
  if (prose.length > 0 && prose.length > typescript) return readSections(source, prose, warnings);
  if (typescript > 0) return readTypescriptCodeBase(source, warnings);
  const prefixes = prefixesOf(source);
  if (prefixes.length > 0) throw severalSets(source, prefixes);
  throw unknownFormat(source, `a folder with ${listed(readdirSync(source))}`);
}

/**
 * As `loadDataset`, for work that needs queries, documents and judgements: other kinds throw `wrong-kind`, saying what was recognised.
 */
export async function loadData(source: string, options: LoadOptions = {}): Promise<RetrievalData> {
  return requireRetrieval(await loadDataset(source, options));
}

/** Data of queries, documents and judgements; throws `wrong-kind` on any other. */
export function requireRetrieval(data: Dataset): RetrievalData {
  if (data.kind === "retrieval") return data;
  throw inputError("wrong-kind", "the data are of another kind than this needs", {
    file: data.source,
    found: `${inWords[data.kind]} (${data.format})`,
    expected: inWords.retrieval,
    hint: "if they are pairs of queries and answers, say which columns: --columns query=NAME,positive=NAME, and no score or label",
  });
}

async function loadFile(path: string, columns: ChosenColumns, warnings: Warnings): Promise<Dataset> {
  const format = recordFormat(path);
  if (format !== undefined) {
    const file = { split: "train", path, format };
    return readTables(
      path,
      [(await isTextTriples(file)) ? { ...file, header: tripleHeader } : file],
      columns,
      warnings,
    );
  }
  if (/\.npy$/i.test(path)) return readLabelledVectors(path, [{ split: "train", path }], warnings);
  if (isMarkdown(path) || isPlainText(path)) return readSections(dirname(path), [basename(path)], warnings);
  throw unknownFormat(path, `a file named ${basename(path)}`);
}

const tripleHeader = ["query", "positive", "negative"];

/** MS MARCO's `triples.train.small.tsv` has no header: three texts a line. */
async function isTextTriples({ path, format }: SplitFile): Promise<boolean> {
  if (format !== "tsv" || !/^triples/i.test(basename(path))) return false;
  for await (const { text } of readLines(fileSource(path))) {
    const fields = text.split("\t");
    return fields.length === 3 && !fields.some((field) => /^(query|anchor|question|sentence1)$/i.test(field));
  }
  return false;
}

/** The files whose names begin with a path that itself is none. */
async function loadPrefixed(source: string, columns: ChosenColumns, warnings: Warnings): Promise<Dataset> {
  const [folder, prefix] = [dirname(source), basename(source)];
  if (existsSync(folder) && statSync(folder).isDirectory()) {
    const files = prefixedSplitFiles(folder, prefix);
    if (files.length > 0) return readTables(source, files, columns, warnings);
    if (readdirSync(folder).some((name) => name.startsWith(`${prefix}-images`)))
      return readIdxFolder(folder, warnings, prefix);
  }
  throw inputError("missing-input", "there is no such file or folder", { file: source, expected: understood });
}

function severalSets(folder: string, prefixes: readonly string[]): NearmissError {
  return inputError("ambiguous-input", "the folder holds files of several sets", {
    file: folder,
    found: `names that begin with ${prefixes.join(", ")}`,
    expected: "one set",
    hint: `say which one: ${join(folder, prefixes[0] as string)}`,
  });
}

function unknownFormat(file: string, found: string): NearmissError {
  return inputError("unknown-format", "this is no data that nearmiss understands", {
    file,
    found,
    expected: understood,
  });
}

/** The `.npy` files of a folder that are named after splits. */
function vectorFiles(folder: string) {
  return readdirSync(folder)
    .sort(compareCodePoints)
    .flatMap((name) => {
      const split = /^[^.]+\.npy$/i.test(name) ? splitNamed(name) : undefined;
      return split === undefined ? [] : [{ split, path: join(folder, name) }];
    });
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return "no files";
  const first = [...names].sort(compareCodePoints).slice(0, 5).join(", ");
  return names.length > 5 ? `${first} and ${names.length - 5} more` : first;
}
