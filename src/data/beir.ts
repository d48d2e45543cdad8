import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { RetrievalData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type Collector, collector } from "./collector.js";
import { anyText, fieldError, optionalId, type Row, requiredNumber } from "./fields.js";
import { readRecords } from "./records.js";
import { splitFiles } from "./split-files.js";

/** The file of this name in a folder, gzipped or not. */
function plainOrGzipped(folder: string, name: string): string | undefined {
  return [join(folder, name), join(folder, `${name}.gz`)].find((path) => existsSync(path));
}

/** Whether a folder has a corpus; one with tables of splits and without queries is Tevatron's instead. */
export function isBeirFolder(folder: string): boolean {
  if (plainOrGzipped(folder, "corpus.jsonl") === undefined) return false;
  return plainOrGzipped(folder, "queries.jsonl") !== undefined || splitFiles(folder).length === 0;
}

/**
 * Reads a BEIR folder: `corpus.jsonl` `{_id, title?, text}`, `queries.jsonl` `{_id, text}` and `qrels/SPLIT.tsv` with the header
 * `query-id corpus-id score`, each gzipped or not. Splits are named after the qrels files, in code point order; only files in `qrels/`
 * are splits. Queries of equal text and different ids stay apart. Throws on ids in the qrels that no query or document has.
 */
export async function readBeir(folder: string, warnings: Warnings): Promise<RetrievalData> {
  const found = collector(warnings);
  for await (const row of readRecords(requiredFile(folder, "corpus.jsonl"), "jsonl")) {
    const title = row.fields.get("title") == null ? "" : anyText(row, "title");
    found.document({ id: optionalId(row, "_id"), title, text: anyText(row, "text") }, row);
  }
  for await (const row of readRecords(requiredFile(folder, "queries.jsonl"), "jsonl")) {
    found.query({ id: optionalId(row, "_id"), text: anyText(row, "text") }, row);
  }
  for (const name of qrelsFiles(folder)) await readQrels(join(folder, "qrels", name), splitName(name), found);
  return found.finish("BEIR folder", folder);
}

async function readQrels(path: string, split: string, found: Collector): Promise<void> {
  for await (const row of readRecords(path, "tsv")) {
    for (const name of ["query-id", "corpus-id", "score"]) {
      if (!row.fields.has(name)) {
        throw fieldError(
          { ...row, line: 1 },
          name,
          "a header line with query-id, corpus-id and score, separated by tabs",
        );
      }
    }
    const query = String(row.fields.get("query-id"));
    if (!found.hasQuery(query)) throw unknownId(row, "query-id", "an _id of queries.jsonl");
    const document = found.knownDocument(String(row.fields.get("corpus-id")));
    if (document === undefined) throw unknownId(row, "corpus-id", "an _id of corpus.jsonl");
    found.judge(split, query, document, requiredNumber(row, "score"));
  }
}

function unknownId(row: Row, field: string, expected: string) {
  const kind = field === "query-id" ? "query" : "document";
  const found = String(row.fields.get(field));
  return inputError("unknown-id", `a judgement names an unknown ${kind}`, {
    file: row.file,
    line: row.line,
    field,
    found,
    expected,
  });
}

function requiredFile(folder: string, name: string): string {
  const path = plainOrGzipped(folder, name);
  if (path !== undefined) return path;
  throw inputError("missing-input", `a BEIR folder needs ${name}`, {
    file: join(folder, name),
    found: readdirSync(folder).sort(compareCodePoints).join(", "),
    expected: "corpus.jsonl, queries.jsonl (or .gz) and qrels/SPLIT.tsv",
  });
}

function qrelsFiles(folder: string): readonly string[] {
  const path = join(folder, "qrels");
  const names = existsSync(path) ? readdirSync(path).filter((name) => /\.tsv(\.gz)?$/.test(name)) : [];
  if (names.length === 0) requiredFile(folder, join("qrels", "SPLIT.tsv"));
  return names.sort(compareCodePoints);
}

function splitName(file: string): string {
  return file.replace(/\.tsv(\.gz)?$/, "");
}
