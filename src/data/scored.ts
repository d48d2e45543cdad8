import { canonicalText, textId } from "../base/text.js";
import type { ScoredData, ScoredPair, TextItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type ChosenColumns, type Columns, columnsOf } from "./columns.js";
import { contentHash } from "./content-hash.js";
import { anyText, optionalId, type Row, requiredNumber } from "./fields.js";
import { readRecords } from "./records.js";
import { rowSplit } from "./row-split.js";
import type { SplitFile } from "./split-files.js";

/**
 * Reads pairs of texts with a score, one file a split: a query column, a positive column, and `score` or a numeric `label`. Scores stay in the units of
 * the file. Repeated pairs are kept (`repeated-pairs`), so are pairs that stand in two splits (`shared-pairs`) and blank texts (`empty-texts`); each is counted.
 */
export async function readScored(
  source: string,
  files: readonly SplitFile[],
  chosen: ChosenColumns,
  warnings: Warnings,
): Promise<ScoredData> {
  const splits = new Map<string, ScoredPair[]>();
  const splitsOfPair = new Map<string, readonly string[]>();
  const hash = contentHash();
  const described = new Set<string>();
  for (const file of files) {
    let columns: Columns | undefined;
    for await (const row of readRecords(file.path, file.format)) {
      if (columns === undefined) {
        columns = columnsOf(row, chosen);
        const [first, second] = [columns.require("query"), columns.require("positive")];
        described.add(`${file.format.toUpperCase()} of scored pairs (${first}, ${second}, ${scoreColumn(columns)})`);
      }
      const split = rowSplit(row, columns.find("split"), file.split);
      const pair = pairOf(row, columns, warnings);
      const key = `${textId(pair.first.text)} ${textId(pair.second.text)}`;
      const before = splitsOfPair.get(key) ?? [];
      const about = `${JSON.stringify(pair.first.text)} and ${JSON.stringify(pair.second.text)}`;
      if (before.includes(split)) warnings.add("repeated-pairs", `a pair comes more than once and is kept: ${about}`);
      else {
        const other = before[0];
        if (other !== undefined)
          warnings.add("shared-pairs", `a pair is in the splits ${other} and ${split}: ${about}`);
        splitsOfPair.set(key, [...before, split]);
      }
      const pairs = splits.get(split) ?? [];
      splits.set(split, pairs);
      pairs.push(pair);
      hash.add(split, pair.first.id, pair.first.text, pair.second.id, pair.second.text, pair.score);
    }
  }
  return { kind: "scored", format: [...described].join(", "), source, splits, fingerprint: hash.digest() };
}

function scoreColumn(columns: Columns): string {
  return columns.find("score") ?? columns.require("label");
}

function pairOf(row: Row, columns: Columns, warnings: Warnings): ScoredPair {
  const item = (role: "query" | "positive", idRole: "query_id" | "positive_id"): TextItem => {
    const text = anyText(row, columns.require(role));
    if (canonicalText(text) === "")
      warnings.add("empty-texts", `pairs with a blank text are kept, the first is ${row.file}:${row.line}`);
    const field = columns.find(idRole);
    return { id: (field === undefined ? undefined : optionalId(row, field)) ?? textId(text), text };
  };
  const score = requiredNumber(row, scoreColumn(columns));
  return { first: item("query", "query_id"), second: item("positive", "positive_id"), score };
}
