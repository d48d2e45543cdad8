import type { Command } from "commander";
import { type ChunkFlags, chunkingOf, withChunkOptions } from "../chunk-options.js";
import { type AddCommand, withCommonOptions } from "../common.js";
import { given, record } from "../given.js";
import { hitsText } from "../hits-text.js";
import { type IndexFlags, indexOf, indexText, withIndexOptions } from "../index-options.js";
import { apart } from "../usage.js";
import { columnNames, integer } from "../values.js";

interface SearchFlags extends ChunkFlags, IndexFlags {
  readonly model: string;
  readonly data: string;
  readonly top: number;
  readonly columns?: ReadonlyMap<string, string>;
}

/** `nearmiss search`: the documents nearest to a text. */
export const addSearch: AddCommand = (program, run) => {
  withCommonOptions(withIndexOptions(withChunkOptions(program.command("search"))))
    .description("find the documents nearest to a text")
    .argument("<text>", "what to look for")
    .requiredOption("--model <model>", "a model's folder, bm25 or tf-idf")
    .requiredOption("--data <path>", "folder or file of documents")
    .option("--top <n>", "documents to show", integer("--top", 1), 10)
    .option("--columns <meaning=name,…>", "columns with other names than usual", columnNames("--columns"))
    .action((query: string, { model, data, top, columns, ...flags }: SearchFlags, command: Command) =>
      run(command, async ({ threads, cache, progress, warnings, recognised }) => {
        const { search } = await import("../../main.js");
        const options = { query, model, data, top, cache, progress, warnings, recognised };
        const result = await search({
          ...options,
          ...given({ columns: record(columns), threads, chunks: chunkingOf(flags), index: indexOf(flags) }),
        });
        return { ...apart(result), text: [hitsText(result.hits), ...indexText(result.index)].join("\n") };
      }),
    );
};
