import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { NearmissError } from "../base/errors.js";
import { comparePaths } from "../base/text.js";
import { fileSource, unzipped } from "./lines.js";

/** What a file of a collection holds. `sgml` and `tab` say how. */
export type CollectionPart =
  | "documents-sgml"
  | "documents-tab"
  | "topics"
  | "topics-xml"
  | "queries-tab"
  | "judgements"
  | "triples"
  | "run";

/** A file of a collection. */
export interface CollectionFile {
  readonly part: CollectionPart;
  readonly path: string;
}

/**
 * The files of a folder that belong to a TREC or MS MARCO collection, told by their first lines, and where these say too little, by their names; folders inside hold more documents.
 * Empty unless there are documents and judgements (or triples): other folders are something else. Hidden files are passed over.
 */
export async function collectionFiles(folder: string): Promise<readonly CollectionFile[]> {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith("."));
  const top = await partsOf(entries.flatMap((entry) => (entry.isFile() ? [join(folder, entry.name)] : [])));
  const asks = top.some(({ part }) => part === "topics" || part === "topics-xml" || part === "queries-tab");
  if (!asks) return [];
  const below = entries
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(folder, name), { recursive: true, withFileTypes: true }))
    .flatMap((entry) => (entry.isFile() && !entry.name.startsWith(".") ? [join(entry.parentPath, entry.name)] : []));
  const files = [...top, ...(await partsOf(below))];
  const has = (...parts: readonly CollectionPart[]) => files.some(({ part }) => parts.includes(part));
  return has("documents-sgml", "documents-tab") && has("judgements", "triples") ? files : [];
}

async function partsOf(paths: readonly string[]): Promise<readonly CollectionFile[]> {
  const files: CollectionFile[] = [];
  for (const path of [...paths].sort(comparePaths)) {
    const part = await partOf(path);
    if (part !== undefined) files.push({ part, path });
  }
  return files;
}

async function partOf(path: string): Promise<CollectionPart | undefined> {
  const name = basename(path).toLowerCase();
  if (/\.(png|jpe?g|webp|gif|npy|parquet|bin|zip|pdf|md|ts|js|jsonl?|csv)(\.gz)?$/.test(name)) return undefined;
  const line = await firstLine(path);
  if (line === undefined) return undefined;
  if (/^\s*<doc[\s>]/i.test(line)) return "documents-sgml";
  if (/^\s*<top>/i.test(line)) return "topics";
  if (/^\s*(<\?xml|<topics)/i.test(line) && /topic|quer/.test(name)) return "topics-xml";
  const tabs = line.split("\t");
  const fields = line.trim().split(/[ \t]+/);
  if (fields.length === 6 && /^q0$/i.test(fields[1] ?? "") && Number.isFinite(Number(fields[4]))) return "run";
  if (fields.length === 4 && /^(q?0|\d+)$/i.test(fields[1] ?? "") && /^-?\d+$/.test(fields[3] ?? ""))
    return "judgements";
  if (tabs[0] === "query-id") return "judgements";
  if (/^(qidpid)?triples/.test(name) && tabs.length === 3 && tabs.every((id) => /^\d+$/.test(id))) return "triples";
  if (!/\.(tsv|txt)(\.gz)?$/.test(name) || tabs.length < 2 || tabs.length > 4) return undefined;
  if (/quer|topic/.test(name)) return "queries-tab";
  return /collection|corpus|docs|documents|passages|psgs/.test(name) ? "documents-tab" : undefined;
}

/** Bytes that are looked at to tell what a file is. */
const HEAD = 1 << 16;

/** The first line that is not blank, of the first bytes of a file; undefined for files that hold no text. */
async function firstLine(path: string): Promise<string | undefined> {
  const head: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of unzipped(fileSource(path))) {
      head.push(chunk);
      length += chunk.length;
      if (length >= HEAD) break;
    }
  } catch (error) {
    // What cannot be read is no part of a collection; it is not ours to complain.
    if (!(error instanceof NearmissError)) throw error;
    return undefined;
  }
  const bytes = Buffer.concat(head).subarray(0, HEAD);
  if (bytes.includes(0)) return undefined;
  return bytes
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .find((line) => line.trim() !== "");
}
