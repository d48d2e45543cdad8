import type { Command } from "commander";
import { inputError } from "../../base/errors.js";
import type { mineToFile } from "../../front/mine.js";
import type { LabelledFormat, LabelledNegativesFile } from "../../negatives/labelled-file.js";
import type { SamplerName } from "../../negatives/parse-sampler.js";
import type { NegativesFile } from "../../negatives/writing.js";
import { count, decimals } from "../../report/figures.js";
import { type ChunkFlags, chunkingOf, withChunkOptions } from "../chunk-options.js";
import { type AddCommand, withCommonOptions } from "../common.js";
import { given, record, refuseExisting } from "../given.js";
import { type IndexFlags, indexOf, indexText, withIndexOptions } from "../index-options.js";
import {
  type LabelledMiningFlags,
  labelledStrategy,
  refuseLabelledFlags,
  withLabelledMiningOptions,
} from "../labelled-mining-options.js";
import { type MiningFlags, withMiningOptions } from "../mining-options.js";
import { table } from "../table.js";
import { apart, usageLines } from "../usage.js";
import { choice, columnNames } from "../values.js";
import { vectorPair } from "../vector-pair.js";

const formats = ["triplets", "tuples", "pairs", "pools"] as const;

interface MineFlags extends MiningFlags, LabelledMiningFlags, ChunkFlags, IndexFlags {
  readonly data: string;
  readonly model?: string;
  readonly vectors?: readonly string[];
  readonly out: string;
  /** As it was typed; an unknown name is refused where samplers are made. */
  readonly sampler?: SamplerName;
  readonly split: string;
  readonly format: (typeof formats)[number];
  readonly columns?: ReadonlyMap<string, string>;
  readonly keepSelf?: true;
  readonly force?: true;
}

/** `nearmiss mine`: negatives for any trainer, in a file. */
export const addMine: AddCommand = (program, run) => {
  withCommonOptions(
    withIndexOptions(withChunkOptions(withLabelledMiningOptions(withMiningOptions(program.command("mine"))))),
  )
    .description("choose negatives and write them to a file")
    .requiredOption("--data <path>", "folder or file of queries and documents, or of labelled items")
    .option(
      "--model <model>",
      "a model's folder, a URL, bm25 or tf-idf; raw for labelled vectors and pixels as they are",
    )
    .option("--vectors <files...>", "QUERIES.npy DOCUMENTS.npy: another model's vectors, instead of a model")
    .requiredOption("--out <file>", "F.jsonl or F.jsonl.gz")
    .option("--split <name>", "split whose queries are served", "train")
    .option("--format <name>", formats.join(", "), choice("--format", formats), "triplets")
    .option("--columns <meaning=name,…>", "columns with other names than usual", columnNames("--columns"))
    .option("--keep-self", "keep a document with the query's own id in its pool")
    .option("--force", "replace a file that is there")
    .action((flags: MineFlags, command: Command) =>
      run(command, async ({ seed, threads, cache, progress, warnings, recognised }) => {
        refuseExisting(flags.out, flags.force);
        const { loadDataset, mineLabelledToFile, mineToFile } = await import("../../main.js");
        const { requireRetrieval } = await import("../../data/load.js");
        const { out, sampler, split, format } = flags;
        const vectors = vectorPair(flags.vectors);
        if (flags.model === undefined && vectors === undefined)
          throw inputError("usage", "there is nothing to mine with", { expected: "--model MODEL, or --vectors" });
        const columns = record(flags.columns) ?? {};
        const found = await loadDataset(flags.data, { columns, warnings, recognised });
        if (found.kind === "labelled") {
          const { model } = flags;
          if (model === undefined || vectors !== undefined)
            throw inputError("bad-usage", "labelled items are mined by a model, or by vectors of their own", {
              field: "--vectors",
              expected: "--model MODEL, or --model raw",
            });
          const result = await mineLabelledToFile({
            ...{ data: found, model, out, split, seed, cache, progress, warnings },
            ...{ format: labelledFormat(format), ...labelledStrategy(flags), ...given({ threads }) },
          });
          return { ...apart(result), text: [labelledText(result, out), ...usageLines(result)].join("\n") };
        }
        refuseLabelledFlags(flags);
        if (sampler === undefined)
          throw inputError("bad-usage", "queries and documents need a sampler", { expected: "--sampler NAME" });
        const data = requireRetrieval(found);
        const result = await mineToFile({
          ...{ data, out, sampler, split, format, seed, cache, progress, warnings },
          ...given({ model: flags.model, vectors }),
          ...given({ params: record(flags.param), filters: flags.filter, without: flags.noFilter }),
          ...given({ count: flags.count, depth: flags.depth, candidates: flags.candidates, short: flags.short }),
          ...given({ chunks: chunkingOf(flags), index: indexOf(flags), keepSelf: flags.keepSelf, threads }),
        });
        return { ...apart(result), text: [summaryText(result, out), ...usageLines(result)].join("\n") };
      }),
    );
};

function labelledFormat(format: MineFlags["format"]): LabelledFormat {
  return choice("--format", ["triplets", "pairs"])(format);
}

function labelledText({ anchors, rows, fallback, dropped, distances }: LabelledNegativesFile, out: string): string {
  const left = Object.entries(dropped).map(([reason, n]) => `${count(n)} ${reason}`);
  return [
    `${count(anchors)} items, ${count(rows)} rows in ${out}; ${count(fallback)} took the hardest instead`,
    `left out: ${left.length === 0 ? "none" : left.join(", ")}`,
    "",
    figuresTable("distances", distances),
  ].join("\n");
}

function summaryText(
  { queries, rows, short, rejected, scores, index }: Awaited<ReturnType<typeof mineToFile>>,
  out: string,
): string {
  const filtered = Object.entries(rejected).map(([name, n]) => `${count(n)} by ${name}`);
  return [
    `${count(queries)} queries, ${count(rows)} rows in ${out}; ${count(short)} queries were short of negatives`,
    ...indexText(index),
    `rejected: ${filtered.length === 0 ? "none" : filtered.join(", ")}`,
    "",
    figuresTable("scores", scores),
  ].join("\n");
}

function figuresTable(title: string, of: NegativesFile["scores"]): string {
  const rows = (["positive", "negative"] as const).map((name) => {
    const one = of[name];
    return [name, ...(one === null ? [] : [one.mean, one.std, one.min, one.max].map((value) => decimals(value)))];
  });
  const right = { align: "right" } as const;
  return table([{ title }, ...["mean", "std", "min", "max"].map((name) => ({ title: name, ...right }))], rows);
}
