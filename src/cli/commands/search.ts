import type { Command } from "commander";
import { type AddCommand, withCommonOptions } from "../common.js";
import { given, record } from "../given.js";
import { hitsText } from "../hits-text.js";
import { columnNames, integer } from "../values.js";

interface SearchFlags {
  readonly model: string;
  readonly data: string;
  readonly top: number;
  readonly columns?: ReadonlyMap<string, string>;
}

/** `nearmiss search`: the documents nearest to a text. */
export const addSearch: AddCommand = (program, run) => {
  withCommonOptions(program.command("search"))
    .description("find the documents nearest to a text")
    .argument("<text>", "what to look for")
    .requiredOption("--model <model>", "a model's folder, bm25 or tf-idf")
    .requiredOption("--data <path>", "folder or file of documents")
    .option("--top <n>", "documents to show", integer("--top", 1), 10)
    .option("--columns <meaning=name,…>", "columns with other names than usual", columnNames("--columns"))
    .action((query: string, { model, data, top, columns }: SearchFlags, command: Command) =>
      run(command, async ({ threads, cache, progress, warnings }) => {
        const { search } = await import("../../main.js");
        const options = { query, model, data, top, cache, progress, warnings };
        const result = await search({ ...options, ...given({ columns: record(columns), threads }) });
        return { result, text: hitsText(result.hits) };
      }),
    );
};
