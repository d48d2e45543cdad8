import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { inputError } from "../base/errors.js";
import type { Interaction, InteractionData, TextItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type ChosenColumns, type Columns, columnsOf } from "./columns.js";
import { contentHash } from "./content-hash.js";
import { fieldError, type Place, type Row, requiredId, requiredNumber } from "./fields.js";
import { toItem } from "./items.js";
import { fileSource, readLines } from "./lines.js";
import { recordFormat, recordsOf } from "./records.js";
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
    for await (const row of recordsOf(file.path, file.format)) {
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

/** `train.txt` and `test.txt` of LightGCN: lines of a user and its items, all whole numbers. */
const lightName = /^(train|test|valid|dev)\.txt(\.gz)?$/;

/** The tables of a folder that hold interactions without being named after splits: `ratings.csv`, `interactions.parquet`. */
export function interactionFiles(folder: string): readonly SplitFile[] {
  return readdirSync(folder).flatMap((name) => {
    const format = /^(ratings|interactions)\./i.test(name) ? recordFormat(name) : undefined;
    return format === undefined ? [] : [{ split: "train", path: join(folder, name), format }];
  });
}

export async function isLightGcnFolder(folder: string): Promise<boolean> {
  const name = readdirSync(folder).find((file) => /^train\.txt(\.gz)?$/.test(file));
  if (name === undefined) return false;
  for await (const { text } of readLines(fileSource(join(folder, name)))) {
    if (text.trim() !== "") return /^\d+( +\d+)+\s*$/.test(text);
  }
  return false;
}

/** Reads LightGCN's files (X. He et al. 2020): a line is `user item item …`. A line with a user alone is a user without items. */
export async function readLightGcn(folder: string, warnings: Warnings): Promise<InteractionData> {
  const found = interactionCollector(warnings);
  for (const name of readdirSync(folder).sort()) {
    const split = lightName.exec(name)?.[1];
    if (split === undefined) continue;
    const file = join(folder, name);
    for await (const { line, text } of readLines(fileSource(file))) {
      const [user, ...items] = text.trim().split(/\s+/);
      if (user === undefined || user === "") continue;
      const odd = [user, ...items].find((id) => !/^\d+$/.test(id));
      if (odd !== undefined)
        throw inputError("malformed-line", "the line cannot be read", {
          file,
          line,
          found: odd,
          expected: "user item item …, all whole numbers",
        });
      found.user(split === "valid" ? "dev" : split, user);
      for (const item of items) found.add(split === "valid" ? "dev" : split, user, { item, value: 1 }, { file, line });
    }
  }
  return found.finish("LightGCN lines of users and items", folder, await readItems(folder, new Map()));
}

function interactionCollector(warnings: Warnings) {
  const splits = new Map<string, Map<string, Interaction[]>>();
  const seen = new Map<string, Map<string, string>>();
  const user = (split: string, id: string): Interaction[] => {
    const users = splits.get(split) ?? new Map<string, Interaction[]>();
    splits.set(split, users);
    const list = users.get(id) ?? [];
    users.set(id, list);
    return list;
  };
  return {
    user: (split: string, id: string): void => void user(split, id),
    add(split: string, id: string, interaction: Interaction, place: Place): void {
      const items = seen.get(id) ?? new Map<string, string>();
      seen.set(id, items);
      const before = items.get(interaction.item);
      const where = `${place.file}:${place.line}`;
      if (before === undefined) items.set(interaction.item, split);
      else if (before === split)
        warnings.add("repeated-interactions", `a user and item that come again are kept, first at ${where}`);
      else warnings.add("shared-interactions", `a user and item are in the splits ${before} and ${split}: ${where}`);
      user(split, id).push(interaction);
    },
    finish(format: string, source: string, known: ReadonlyMap<string, TextItem>): InteractionData {
      const items = new Map(known);
      const hash = contentHash();
      let without = 0;
      for (const [name, users] of splits) {
        for (const [id, list] of users) {
          hash.add(name, id, ...list.map(({ item, value, time }) => [item, value, time]));
          for (const { item } of list) {
            if (items.has(item)) continue;
            items.set(item, { id: item, text: item });
            without++;
          }
        }
      }
      if (known.size > 0 && without > 0)
        warnings.add("items-without-text", "items that the table of items lacks have their id as text", without);
      for (const { id, text } of items.values()) hash.add("item", id, text);
      return { kind: "interactions", format, source, items, splits, fingerprint: hash.digest() };
    },
  };
}

const titles = ["title", "movie_title", "name", "text"];

/** The items of a table `items` or `movies` in a folder; empty where there is none. */
async function readItems(folder: string, chosen: ChosenColumns): Promise<ReadonlyMap<string, TextItem>> {
  const items = new Map<string, TextItem>();
  if (!existsSync(folder)) return items;
  const name = readdirSync(folder).find((file) => /^(items|movies)\./i.test(file) && recordFormat(file) !== undefined);
  if (name === undefined) return items;
  const path = join(folder, name);
  for await (const row of recordsOf(path, recordFormat(name) ?? "csv")) {
    const own = chosen.get("item");
    const field = own !== undefined && row.fields.has(own) ? own : columnsOf(row, new Map()).require("item");
    const id = requiredId(row, field);
    const title = titles.find((column) => row.fields.has(column));
    const others = [...row.fields].flatMap(([column, value]) =>
      column === field || column === title || value === null || value === ""
        ? []
        : [String(value).replaceAll("|", " ")],
    );
    const first = title === undefined ? undefined : String(row.fields.get(title));
    items.set(id, toItem({ id, title: first, text: others.join(" ") }));
  }
  return items;
}

function timeIn(row: Row, field: string): number {
  const value = row.fields.get(field);
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d/.test(value)) return requiredNumber(row, field);
  const time = Date.parse(value);
  if (Number.isNaN(time)) throw fieldError(row, field, "a number or a date");
  return time / 1000;
}
