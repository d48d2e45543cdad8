import type { Command } from "commander";
import { inputError } from "../base/errors.js";
import type { LabelledStrategy } from "../negatives/labelled.js";
import { given } from "./given.js";
import { choice, decimal, integer } from "./values.js";

/** What `mine` takes for labelled items. */
export interface LabelledMiningFlags {
  readonly positive?: "hardest" | "easiest" | "semi-hard";
  readonly negative?: "hardest" | "semi-hard";
  /** Infinity: none. */
  readonly margin?: number;
  readonly metric?: "cosine" | "l2";
  readonly fallback?: "drop" | "hardest";
  readonly subset?: number;
}

const own = ["positive", "negative", "margin", "metric", "fallback", "subset"] as const;
/** What only pools of documents have. */
const ofPools = [
  "sampler",
  "param",
  "filter",
  "candidates",
  "count",
  "depth",
  "short",
  "keepSelf",
  "index",
  "indexParam",
] as const;

const width = decimal("--margin", "a distance, at least 0, or none", (value) => value >= 0);

export function withLabelledMiningOptions(command: Command): Command {
  return command
    .option(
      "--positive <name>",
      "labelled items: hardest, easiest or semi-hard",
      choice("--positive", ["hardest", "easiest", "semi-hard"]),
    )
    .option("--negative <name>", "labelled items: hardest or semi-hard", choice("--negative", ["hardest", "semi-hard"]))
    .option("--margin <d>", "labelled items: width of the semi-hard window, or none", (text) =>
      text === "none" ? Number.POSITIVE_INFINITY : width(text),
    )
    .option("--metric <name>", "labelled items: cosine or l2", choice("--metric", ["cosine", "l2"]))
    .option(
      "--fallback <policy>",
      "labelled items: drop or hardest, where nothing is semi-hard",
      choice("--fallback", ["drop", "hardest"]),
    )
    .option("--subset <n>", "labelled items: mine among so many at random", integer("--subset", 2));
}

/** The flags for labelled items, once it is known that the data are such. Throws `bad-usage` on one that is for pools. */
export function labelledStrategy(
  flags: LabelledMiningFlags & { readonly noFilter?: readonly string[] },
): LabelledStrategy {
  refuse(flags, ofPools, "the data are labelled items, and these flags are for queries and documents");
  const known = flags.noFilter?.filter((name) => name !== "equal-text") ?? [];
  if (known.length > 0)
    throw inputError("bad-usage", "labelled items have one filter to turn off", {
      found: known.join(", "),
      expected: "equal-text",
    });
  const { positive, negative, margin, metric, fallback, subset } = flags;
  return {
    ...given({ positive, negative, metric, fallback, subset }),
    ...(margin === undefined ? {} : { margin: Number.isFinite(margin) ? margin : null }),
    keepEqualText: (flags.noFilter ?? []).length > 0,
  };
}

/** Throws `bad-usage` on a flag that is for labelled items. */
export function refuseLabelledFlags(flags: LabelledMiningFlags): void {
  refuse(flags, own, "these flags are for labelled items");
}

function refuse(flags: object, names: readonly string[], message: string): void {
  const found = names.filter((name) => (flags as Readonly<Record<string, unknown>>)[name] !== undefined);
  if (found.length === 0) return;
  const dashed = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw inputError("bad-usage", message, { found: found.map(dashed).join(", ") });
}
