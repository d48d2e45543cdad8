import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { Interaction, InteractionData, TextItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type ChosenColumns, columnsOf } from "./columns.js";
import { contentHash } from "./content-hash.js";
import { type Place, requiredId } from "./fields.js";
import { toItem } from "./items.js";
import { recordFormat, recordsOf } from "./records.js";

/** Gathers interactions: counts what comes again in a split (`repeated-interactions`) or in another (`shared-interactions`), and gives items without a text their id. */
export function interactionCollector(warnings: Warnings) {
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
export async function readItems(folder: string, chosen: ChosenColumns): Promise<ReadonlyMap<string, TextItem>> {
  const items = new Map<string, TextItem>();
  if (!existsSync(folder)) return items;
  const names = readdirSync(folder).sort(compareCodePoints);
  const name = names.find((file) => /^(items|movies)\./i.test(file) && recordFormat(file) !== undefined);
  if (name === undefined) return items;
  const path = join(folder, name);
  for await (const row of recordsOf(path, recordFormat(name) ?? "csv")) {
    const own = chosen.get("item");
    const field = own !== undefined && row.fields.has(own) ? own : columnsOf(row, new Map()).require("item");
    const id = requiredId(row, field);
    if (items.has(id))
      throw inputError("duplicate-id", "an item comes twice", { file: path, line: row.line, field, found: id });
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
