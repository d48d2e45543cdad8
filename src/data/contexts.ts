import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RetrievalData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type Collector, collector } from "./collector.js";
import type { ChosenColumns } from "./columns.js";
import {
  answerList,
  anyText,
  describeValue,
  fieldError,
  idList,
  optionalId,
  type Row,
  requiredText,
} from "./fields.js";
import { readRecords } from "./records.js";
import { rowSplit } from "./row-split.js";
import type { SplitFile } from "./split-files.js";

/** A family of fields that hold passages: those that answer the query, and lists of others, of which the first that is not empty are its negatives. */
interface Family {
  readonly name: string;
  readonly positives: string;
  readonly negatives: readonly string[];
}

const families: readonly Family[] = [
  { name: "DPR", positives: "positive_ctxs", negatives: ["hard_negative_ctxs", "negative_ctxs"] },
  { name: "Tevatron", positives: "positive_passages", negatives: ["negative_passages"] },
  { name: "Tevatron with a corpus", positives: "positive_document_ids", negatives: ["negative_document_ids"] },
];

/** Whether a record is of DPR's or Tevatron's form. */
export function hasContexts(row: Row): boolean {
  return familyOf(row) !== undefined;
}

const familyOf = (row: Row) => families.find(({ positives }) => row.fields.has(positives));
const firstOf = (row: Row, ...names: readonly string[]) => names.find((name) => row.fields.get(name) != null);

/**
 * Reads DPR's JSON (V. Karpukhin et al. 2020: `question`, `answers`, `positive_ctxs`, `negative_ctxs`, `hard_negative_ctxs`) and Tevatron's JSON lines
 * (`query_id`, `query` or `query_text`, `positive_passages`, `negative_passages`; or `…_document_ids` with `corpus.jsonl` beside). A passage is `{title, text}` with
 * `passage_id`, `psg_id`, `docid` or `id`. As DPR does, the hard negatives are a query's negatives, and `negative_ctxs` only where it has none; all passages are
 * documents. A query without a positive stays (its answers may be asked for) and is counted (`no-positive`).
 */
export async function readContexts(
  source: string,
  files: readonly SplitFile[],
  chosen: ChosenColumns,
  warnings: Warnings,
): Promise<RetrievalData> {
  const found = collector(warnings);
  const formats = new Set<string>();
  const corpora = new Set<string>();
  for (const file of files) {
    for await (const row of readRecords(file.path, file.format)) {
      const family = familyOf(row);
      if (family === undefined)
        throw fieldError(row, "positive_ctxs", families.map(({ positives }) => positives).join(" or "));
      formats.add(`${family.name}'s ${file.format === "json" ? "JSON" : file.format.toUpperCase()}`);
      const corpus = join(dirname(file.path), "corpus.jsonl");
      if (family.positives.endsWith("_ids") && !corpora.has(corpus)) await readCorpus(corpus, found);
      corpora.add(corpus);
      addQuestion(found, rowSplit(row, chosen.get("split"), file.split), row, family, chosen, warnings);
    }
  }
  return found.finish([...formats].join(", "), source);
}

function addQuestion(
  found: Collector,
  split: string,
  row: Row,
  family: Family,
  chosen: ChosenColumns,
  warnings: Warnings,
): void {
  const text = requiredText(row, chosen.get("query") ?? firstOf(row, "question", "query", "query_text") ?? "question");
  const query = found.query({ id: optionalId(row, chosen.get("query_id") ?? "query_id"), text }, row);
  found.ask(split, query);
  found.answers(query, answerList(row, chosen.get("answers") ?? "answers"));
  const positives = passages(found, row, family.positives);
  if (positives.length === 0) {
    const message = `queries without a positive are kept for what else they are judged by, first ${describeValue(text)}`;
    warnings.add("no-positive", message);
  }
  for (const document of positives) if (!found.isJudged(split, query, document)) found.judge(split, query, document, 1);
  const lists = family.negatives.map((field) => passages(found, row, field));
  for (const document of lists.find((list) => list.length > 0) ?? []) found.negative(split, query, document);
}

/** The documents in a field; a missing or null field holds none. */
function passages(found: Collector, row: Row, field: string): readonly string[] {
  const value = row.fields.get(field);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw fieldError(row, field, "a list");
  if (field.endsWith("_ids")) {
    return idList(row, field).map((id) => {
      const document = found.knownDocument(id);
      if (document === undefined) throw fieldError(row, field, "ids of corpus.jsonl", { found: id });
      return document;
    });
  }
  return value.map((passage: unknown) => {
    if (passage === null || typeof passage !== "object" || Array.isArray(passage))
      throw fieldError(row, field, "a list of passages {title, text}", { found: describeValue(passage) });
    return document(found, { ...row, fields: new Map(Object.entries(passage)) });
  });
}

function document(found: Collector, passage: Row): string {
  const id = firstOf(passage, "passage_id", "psg_id", "docid", "_id", "id");
  return found.document(
    {
      id: id === undefined ? undefined : optionalId(passage, id),
      title: passage.fields.get("title") == null ? "" : anyText(passage, "title"),
      text: anyText(passage, firstOf(passage, "text", "document_text") ?? "text"),
    },
    passage,
  );
}

async function readCorpus(path: string, found: Collector): Promise<void> {
  const [file, format] = existsSync(path) ? ([path, "jsonl"] as const) : ([`${path}.gz`, "jsonl"] as const);
  for await (const row of readRecords(file, format)) document(found, row);
}
