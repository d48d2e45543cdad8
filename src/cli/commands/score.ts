import type { Command } from "commander";
import type { ScoreResult, TrecValues } from "../../front/score.js";
import { type AddCommand, withCommonOptions } from "../common.js";
import { integer } from "../values.js";

interface ScoreFlags {
  readonly qrels: string;
  readonly run: string;
  readonly complete?: true;
  readonly level: number;
  readonly judgedOnly?: true;
  readonly depth?: number;
  readonly measures?: readonly string[];
  readonly perQuery?: true;
}

/** `nearmiss score`: trec_eval's measures of a run. */
export const addScore: AddCommand = (program, run) => {
  withCommonOptions(program.command("score"))
    .description("measure a TREC run as trec_eval does")
    .requiredOption("--qrels <file>", "judgements, TREC's or BEIR's")
    .requiredOption("--run <file>", "a run: query Q0 document rank score tag")
    .option("-c, --complete", "average over all judged queries: those that the run lacks count 0")
    .option("-l, --level <n>", "lowest grade that is relevant", integer("--level", 0), 1)
    .option("-J, --judged-only", "leave out documents that are not judged")
    .option("-M, --depth <n>", "documents looked at a query", integer("--depth", 1))
    .option("-m, --measures <names...>", "trec_eval's names, such as map ndcg_cut_10 P.5,10 official all_trec")
    .option("-q, --per-query", "the values of each query too")
    .action((flags: ScoreFlags, command: Command) =>
      run(command, async ({ warnings }) => {
        const { score } = await import("../../front/score.js");
        const result = await score({ ...flags, warnings });
        const { queries, ...rest } = result;
        const shown = queries === undefined ? rest : { ...rest, queries: Object.fromEntries(queries) };
        return { result: shown, text: scoreText(result) };
      }),
    );
};

/** trec_eval's three columns: measure, query or `all`, value. */
function scoreText({ runid, all, queries = new Map() }: ScoreResult): string {
  const line = (name: string, query: string, value: string): string => `${name.padEnd(22)}\t${query}\t${value}`;
  const lines = (query: string, values: TrecValues): string[] =>
    Object.entries(values).map(([name, value]) =>
      line(name, query, name.startsWith("num_") ? String(value) : value.toFixed(4)),
    );
  const single = [...queries].flatMap(([query, values]) => lines(query, values));
  return [...single, line("runid", "all", runid), ...lines("all", all)].join("\n");
}
