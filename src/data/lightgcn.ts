import { readdirSync } from "node:fs";
import { join } from "node:path";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { InteractionData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { interactionCollector, readItems } from "./interaction-collector.js";
import { fileSource, readLines } from "./lines.js";
import { splitNamed } from "./split-files.js";

/** `train.txt` and `test.txt` of LightGCN: lines of a user and its items, all whole numbers. */
const lightName = /^(train|test|valid|dev)\.txt(\.gz)?$/;

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
  for (const name of readdirSync(folder).sort(compareCodePoints)) {
    const split = lightName.test(name) ? splitNamed(name) : undefined;
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
      found.user(split, user);
      for (const item of items) found.add(split, user, { item, value: 1 }, { file, line });
    }
  }
  return found.finish("LightGCN lines of users and items", folder, await readItems(folder, new Map()));
}
