import type { Command } from "commander";
import type { SamplerName } from "../../negatives/parse-sampler.js";
import type { NegativesFile } from "../../negatives/writing.js";
import { count, decimals } from "../../report/figures.js";
import { type ChunkFlags, chunkingOf, withChunkOptions } from "../chunk-options.js";
import { type AddCommand, withCommonOptions } from "../common.js";
import { given, record, refuseExisting } from "../given.js";
import { type MiningFlags, withMiningOptions } from "../mining-options.js";
import { table } from "../table.js";
import { choice, columnNames } from "../values.js";

const formats = ["triplets", "tuples", "pairs", "pools"] as const;

interface MineFlags extends MiningFlags, ChunkFlags {
  readonly data: string;
  readonly model: string;
  readonly out: string;
  /** As it was typed; an unknown name is refused where samplers are made. */
  readonly sampler: SamplerName;
  readonly split: string;
  readonly format: (typeof formats)[number];
  readonly columns?: ReadonlyMap<string, string>;
  readonly keepSelf?: true;
  readonly force?: true;
}

/** `nearmiss mine`: negatives for any trainer, in a file. */
export const addMine: AddCommand = (program, run) => {
  withCommonOptions(withChunkOptions(withMiningOptions(program.command("mine"))))
    .description("choose negatives and write them to a file")
    .requiredOption("--data <path>", "folder or file of queries and documents")
    .requiredOption("--model <model>", "a model's folder, bm25 or tf-idf")
    .requiredOption("--out <file>", "F.jsonl or F.jsonl.gz")
    .option("--split <name>", "split whose queries are served", "train")
    .option("--format <name>", formats.join(", "), choice("--format", formats), "triplets")
    .option("--columns <meaning=name,…>", "columns with other names than usual", columnNames("--columns"))
    .option("--keep-self", "keep a document with the query's own id in its pool")
    .option("--force", "replace a file that is there")
    .action((flags: MineFlags, command: Command) =>
      run(command, async ({ seed, threads, cache, progress, warnings, recognised }) => {
        refuseExisting(flags.out, flags.force);
        const { mineToFile } = await import("../../main.js");
        const { data, model, out, sampler, split, format } = flags;
        const result = await mineToFile({
          ...{ data, model, out, sampler, split, format, seed, cache, progress, warnings, recognised },
          ...given({ params: record(flags.param), filters: flags.filter, without: flags.noFilter }),
          ...given({ count: flags.count, depth: flags.depth, candidates: flags.candidates, short: flags.short }),
          ...given({ chunks: chunkingOf(flags), columns: record(flags.columns), keepSelf: flags.keepSelf, threads }),
        });
        return { result, text: summaryText(result, out) };
      }),
    );
};

function summaryText({ queries, rows, short, rejected, scores }: NegativesFile, out: string): string {
  const figures = (["positive", "negative"] as const).map((name) => {
    const of = scores[name];
    return [name, ...(of === null ? [] : [of.mean, of.std, of.min, of.max].map((value) => decimals(value)))];
  });
  const right = { align: "right" } as const;
  const columns = [{ title: "scores" }, ...["mean", "std", "min", "max"].map((title) => ({ title, ...right }))];
  const filtered = Object.entries(rejected).map(([name, n]) => `${count(n)} by ${name}`);
  return [
    `${count(queries)} queries, ${count(rows)} rows in ${out}; ${count(short)} queries were short of negatives`,
    `rejected: ${filtered.length === 0 ? "none" : filtered.join(", ")}`,
    "",
    table(columns, figures),
  ].join("\n");
}
