import type { Command } from "commander";
import { inputError } from "../../base/errors.js";
import type { EmbedResult } from "../../front/embed.js";
import { count } from "../../report/figures.js";
import { type AddCommand, withCommonOptions } from "../common.js";
import { given, refuseExisting } from "../given.js";
import { apart, usageLines } from "../usage.js";
import { choice, shard } from "../values.js";

interface EmbedFlags {
  readonly model: string;
  readonly input?: string;
  readonly output?: string;
  readonly as: "query" | "document";
  readonly precision: "float32" | "int8";
  readonly shard?: { readonly index: number; readonly count: number };
  readonly json?: true;
  readonly force?: true;
}

/** `nearmiss embed`: vectors of texts, in a file or as JSON lines. */
export const addEmbed: AddCommand = (program, run) => {
  withCommonOptions(program.command("embed"))
    .description("turn texts into vectors")
    .requiredOption("--model <dir>", "a model's folder")
    .option("--input <file>", ".txt, .jsonl, .csv, .tsv or .parquet (default: stdin)")
    .option("--output <file>", ".npy, .jsonl or .parquet (default: JSON lines on stdout)")
    .option("--as <role>", "query or document", choice("--as", ["query", "document"]), "document")
    .option("--precision <type>", "float32 or int8", choice("--precision", ["float32", "int8"]), "float32")
    .option("--shard <i/n>", "the i-th of n consecutive parts of the input, from 1/n to n/n", shard("--shard"))
    .option("--force", "replace a file that is there")
    .action(({ model, input, output, as, precision, shard, json, force }: EmbedFlags, command: Command) =>
      run(command, async ({ threads, cache, progress, warnings, print }) => {
        if (output === undefined && json === true) {
          throw inputError("usage", "--json needs --output: without it the vectors take stdout", { field: "--output" });
        }
        if (input === undefined && process.stdin.isTTY) {
          throw inputError("usage", "there is nothing to embed", {
            field: "--input",
            expected: "a file, or texts on stdin",
          });
        }
        refuseExisting(output, force);
        const { embed } = await import("../../main.js");
        const options = {
          model,
          input: input ?? process.stdin,
          write: print,
          as,
          precision,
          cache,
          progress,
          warnings,
        };
        const result = await embed({ ...options, ...given({ output, shard, threads }) });
        return { ...apart(result), ...(output === undefined ? {} : { text: summaryText(result) }) };
      }),
    );
};

function summaryText(result: EmbedResult): string {
  const { texts, dimension, output } = result;
  return [`${count(texts)} vectors of ${count(dimension)} numbers in ${output}`, ...usageLines(result)].join("\n");
}
