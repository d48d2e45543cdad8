import { existsSync } from "node:fs";
import { z } from "zod";
import { writeStreamAtomic } from "../base/files.js";
import { checkedOptions } from "../base/options.js";
import { fileSource, readLines } from "../data/lines.js";
import { type LabelledMiningOptions, type LabelledStrategy, mineLabelled } from "../negatives/labelled.js";
import { labelledRows } from "../negatives/labelled-file.js";
import type { TrainConfig } from "./config.js";
import type { Round } from "./task.js";

/** What was mined for an anchor over the whole set. */
export interface MinedRow {
  readonly positive: string;
  readonly negative: string;
}

/** Anchor → its positive and its negative; an anchor that is not there has none of its own. */
export type MinedRows = ReadonlyMap<string, MinedRow>;

const strategy = z.strictObject({
  metric: z.enum(["cosine", "l2"]).optional(),
  positive: z.enum(["hardest", "easiest", "semi-hard"]).optional(),
  margin: z.number().positive().nullable().optional(),
  fallback: z.enum(["drop", "hardest"]).optional(),
  subset: z.int().min(1).nullable().optional(),
  keepEqualText: z.boolean().optional(),
});

/** How a configuration mines labelled items; null: not at all. Throws `bad-option`. */
export function strategyOf({ mine, mineParams }: TrainConfig): LabelledStrategy | null {
  if (mine === null) return null;
  const given = checkedOptions("mining labelled items", strategy, mineParams);
  return { ...(given as LabelledStrategy), negative: mine };
}

/**
 * Mines a positive and a negative for every item, writes them whole to `file` (null: nowhere) and returns them. A file that is there already is of
 * the same weights: it is read instead.
 */
export async function openLabelledRound(
  file: string | null,
  options: () => Promise<LabelledMiningOptions & { readonly items: Parameters<typeof labelledRows>[2] }>,
): Promise<Round<MinedRows>> {
  const drawn = new Map<string, MinedRow>();
  const take = (row: Readonly<Record<string, unknown>>) =>
    drawn.set(String(row["anchor_id"]), { positive: String(row["positive_id"]), negative: String(row["negative_id"]) });
  const rejected = new Map<string, number>();
  if (file !== null && existsSync(file)) {
    for await (const { text } of readLines(fileSource(file))) take(JSON.parse(text) as Record<string, unknown>);
  } else {
    const mining = await options();
    const lines = async function* (): AsyncGenerator<string> {
      for await (const one of mineLabelled(mining)) {
        if (one.kind === "dropped") {
          rejected.set(one.reason, (rejected.get(one.reason) ?? 0) + 1);
          continue;
        }
        for (const row of labelledRows("triplets", one.triplet, mining.items)) {
          take(row as Record<string, unknown>);
          yield `${JSON.stringify(row)}\n`;
        }
      }
    };
    if (file !== null) await writeStreamAtomic(file, lines());
    else for await (const _ of lines());
  }
  return { drawn, queries: drawn.size, count: drawn.size, rejected: Object.fromEntries(rejected) };
}
