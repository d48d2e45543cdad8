import { inputError } from "../base/errors.js";
import type { LabelledData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type ChosenColumns, type Columns, columnsOf } from "./columns.js";
import { anyText, optionalId, type Row, textList } from "./fields.js";
import { labelledCollector } from "./labelled-collector.js";
import { type Labels, labelListIn, labelsIn } from "./labels.js";
import { readRecords } from "./records.js";
import { rowSplit } from "./row-split.js";
import type { SplitFile } from "./split-files.js";

/**
 * Reads tables of labelled texts, one file a split: `text` and `label` (a text, a whole number of up to 64 bits, a list, or `{label: grade}`) or `labels` (`a|b|c`).
 * A list of texts is as many items of the same labels. Items without `id` get the id of their text.
 */
export async function readLabelled(
  source: string,
  files: readonly SplitFile[],
  chosen: ChosenColumns,
  warnings: Warnings,
): Promise<LabelledData> {
  const found = labelledCollector(warnings);
  const described = new Set<string>();
  for (const file of files) {
    let columns: Columns | undefined;
    for await (const row of readRecords(file.path, file.format)) {
      if (columns === undefined) {
        columns = columnsOf(row, chosen);
        const label = columns.find("labels") ?? columns.require("label");
        described.add(`${file.format.toUpperCase()} of labelled texts (${columns.require("text")}, ${label})`);
      }
      const split = rowSplit(row, columns.find("split"), file.split);
      for (const { id, text } of textsOf(row, columns)) {
        found.add(split, { id, text, ...rowLabels(row, columns) }, row);
      }
    }
  }
  return found.finish({ format: [...described].join(", "), source, content: "text" });
}

function rowLabels(row: Row, columns: Columns): Labels {
  const several = columns.find("labels");
  return several === undefined ? labelsIn(row, columns.require("label")) : labelListIn(row, several);
}

function textsOf(row: Row, columns: Columns): readonly { readonly id: string | undefined; readonly text: string }[] {
  const field = columns.require("text");
  const idField = columns.find("id");
  const id = idField === undefined ? undefined : optionalId(row, idField);
  if (!Array.isArray(row.fields.get(field))) return [{ id, text: anyText(row, field) }];
  const texts = textList(row, field);
  if (id === undefined || texts.length === 1) return texts.map((text) => ({ id, text }));
  throw inputError("invalid-field", "a row with an id has several texts", {
    file: row.file,
    line: row.line,
    field,
    found: `${texts.length} texts`,
    expected: "one text, or no id",
  });
}
