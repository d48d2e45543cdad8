import type { Command } from "commander";
import { decimals } from "../report/figures.js";
import type { IndexOptions } from "../search/indexes.js";
import { type IndexKind, type IndexReport, indexKinds } from "../search/vector-index.js";
import { record } from "./given.js";
import { choice, parameters } from "./values.js";

/** What commands take that search vectors. */
export interface IndexFlags {
  readonly index?: IndexKind;
  readonly indexParam?: ReadonlyMap<string, string>;
}

export function withIndexOptions(command: Command): Command {
  return command
    .option(
      "--index <kind>",
      "exact; int8: the same hits, faster; hnsw: approximate, for millions of documents (needs usearch)",
      choice("--index", indexKinds),
    )
    .option(
      "--index-param <name=value>",
      "of hnsw: connectivity=16, expansion-add=128, expansion-search=128, sample=100 (queries to measure recall on); repeatable",
      parameters("--index-param"),
    );
}

/** Undefined where no index was asked for. */
export function indexOf({ index, indexParam }: IndexFlags): IndexOptions | undefined {
  if (index === undefined && indexParam === undefined) return undefined;
  return { ...(index === undefined ? {} : { kind: index }), params: record(indexParam) ?? {} };
}

/** A line about what an approximate index missed; nothing about others. */
export function indexText(report: IndexReport | undefined): readonly string[] {
  if (report?.recall === undefined) return [];
  const { mean, least, at, queries } = report.recall;
  return [
    `${report.kind}: recall@${at} ${decimals(mean)} of the exact search (least ${decimals(least)}), over ${queries} of the queries`,
  ];
}
