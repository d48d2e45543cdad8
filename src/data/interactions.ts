import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { compareCodePoints } from "../base/text.js";
import type { Interaction, InteractionData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type ChosenColumns, type Columns, columnsOf } from "./columns.js";
import { fieldError, type Row, requiredId, requiredNumber } from "./fields.js";
import { interactionCollector, readItems } from "./interaction-collector.js";
import { readRecords, recordFormat } from "./records.js";
import { rowSplit } from "./row-split.js";
import type { SplitFile } from "./split-files.js";

/**
 * Reads tables of `user`, `item` and, where there are, `value` (a rating, a count; else 1) and `time` (a number, or a date, which becomes seconds since 1970), one file a
 * split. A table `items` or `movies` beside them gives texts: its title, and the other columns. An item without a text has its id as text. An interaction that comes again is kept
 * (`repeated-interactions`), so is one of two splits (`shared-interactions`).
 */
export async function readInteractions(
  source: string,
  files: readonly SplitFile[],
  chosen: ChosenColumns,
  warnings: Warnings,
): Promise<InteractionData> {
  const found = interactionCollector(warnings);
  const formats = new Set<string>();
  for (const file of files) {
    let read: ReturnType<typeof interactionReader> | undefined;
    for await (const row of readRecords(file.path, file.format)) {
      read ??= interactionReader(columnsOf(row, chosen));
      formats.add(`${file.format.toUpperCase()} of interactions (${read.user}, ${read.item})`);
      found.add(rowSplit(row, read.split, file.split), requiredId(row, read.user), read.interaction(row), row);
    }
  }
  return found.finish([...formats].join(", "), source, await readItems(dirname(files[0]?.path ?? source), chosen));
}

function interactionReader(columns: Columns) {
  const [item, value, time] = [columns.require("item"), columns.find("value"), columns.find("time")];
  return {
    user: columns.require("user"),
    item,
    split: columns.find("split"),
    interaction: (row: Row): Interaction => ({
      item: requiredId(row, item),
      value: value === undefined ? 1 : requiredNumber(row, value),
      ...(time === undefined ? {} : { time: timeIn(row, time) }),
    }),
  };
}

/** The tables of a folder that hold interactions without being named after splits: `ratings.csv`, `interactions.parquet`. */
export function interactionFiles(folder: string): readonly SplitFile[] {
  return readdirSync(folder)
    .sort(compareCodePoints)
    .flatMap((name) => {
      const format = /^(ratings|interactions)\./i.test(name) ? recordFormat(name) : undefined;
      return format === undefined ? [] : [{ split: "train", path: join(folder, name), format }];
    });
}

function timeIn(row: Row, field: string): number {
  const value = row.fields.get(field);
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d/.test(value)) return requiredNumber(row, field);
  const time = Date.parse(value);
  if (Number.isNaN(time)) throw fieldError(row, field, "a number or a date");
  return time / 1000;
}
