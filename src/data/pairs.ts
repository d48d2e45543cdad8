import { basename } from "node:path";
import { inputError } from "../base/errors.js";
import type { RetrievalData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type Collector, collector } from "./collector.js";
import { type ChosenColumns, columnsOf, type PairColumns, pairColumns } from "./columns.js";
import { answerList, fieldError, idList, optionalId, type Row, requiredText, textList } from "./fields.js";
import { readRecords } from "./records.js";
import { rowSplit } from "./row-split.js";
import type { SplitFile } from "./split-files.js";

/**
 * Reads files of pairs (query, positive) or triplets (and any number of negatives), one file a split. Several rows of a query, or a list
 * in the positive's field, are several positives, each of relevance 1. Ids come from `query_id`, `positive_id`, `negative_id(s)`, else from the texts.
 * `pos` and `neg` (FlagEmbedding) must be lists. `answers` are texts that answer the query.
 */
export async function readPairs(
  source: string,
  files: readonly SplitFile[],
  chosen: ChosenColumns,
  warnings: Warnings,
): Promise<RetrievalData> {
  const found = collector(warnings);
  const described = new Set<string>();
  for (const file of files) {
    let columns: PairColumns | undefined;
    let triplets = false;
    for await (const row of readRecords(file.path, file.format, file.header)) {
      columns ??= pairColumns(columnsOf(row, chosen));
      triplets = addPair(found, rowSplit(row, columns.split, file.split), row, columns) || triplets;
    }
    const kind = `${file.format.toUpperCase()} of ${triplets ? "triplets" : "pairs"}`;
    described.add(`${kind} (${columns?.query} → ${columns?.positive})`);
  }
  const format = [...described].join(", ");
  return found.finish(files.length > 1 ? `folder of ${format}` : format, source);
}

/** Adds one row; true if it has negatives. */
function addPair(found: Collector, split: string, row: Row, columns: PairColumns): boolean {
  const queryId = columns.queryId === undefined ? undefined : optionalId(row, columns.queryId);
  const query = found.query({ id: queryId, text: requiredText(row, columns.query) }, row);

  if (columns.answers !== undefined) found.answers(query, answerList(row, columns.answers));

  const positives = textList(row, columns.positive);
  if (positives.length === 0) throw fieldError(row, columns.positive, "a text that is not blank, or a list of such");
  const positiveIds = parallelIds(row, columns.positiveId, positives.length, "positive");
  listWhere(row, columns.positive, "pos");
  for (const [i, text] of positives.entries()) {
    found.judge(split, query, found.document({ id: positiveIds[i], text }, row), 1);
  }

  const negatives = columns.negatives(row).flatMap((name) => textList(row, listWhere(row, name, "neg")));
  const negativeIds = parallelIds(row, columns.negativeId, negatives.length, "negative");
  for (const [i, text] of negatives.entries()) {
    found.negative(split, query, found.document({ id: negativeIds[i], text }, row));
  }
  return negatives.length > 0;
}

/** In FlagEmbedding's form `pos` and `neg` are lists; where one is a text, that text would be read letter by letter there. */
function listWhere(row: Row, field: string, name: "pos" | "neg"): string {
  const value = row.fields.get(field);
  if (field !== name || Array.isArray(value) || value === undefined || value === null) return field;
  throw fieldError(row, field, "a list of texts", { hint: `write "${name}": ["…"]` });
}

/** The ids of a row's texts: none, or as many as there are texts. */
function parallelIds(row: Row, field: string | undefined, count: number, kind: string): readonly string[] {
  const ids = field === undefined ? [] : idList(row, field);
  if (field === undefined || ids.length === 0 || ids.length === count) return ids;
  throw inputError("invalid-field", `the ${kind} ids are not as many as the ${kind} texts of ${basename(row.file)}`, {
    file: row.file,
    line: row.line,
    field,
    found: `${ids.length} ids`,
    expected: `${count} ids`,
  });
}
