import type { Command } from "commander";
import type { Baseline } from "../../front/evaluate-options.js";
import { type ChunkFlags, chunkingOf, withChunkOptions } from "../chunk-options.js";
import { type AddCommand, withCommonOptions } from "../common.js";
import { evaluationText } from "../evaluation-text.js";
import { given, record, refuseExisting } from "../given.js";
import { choice, columnNames, integer, nameList } from "../values.js";

interface EvalFlags extends ChunkFlags {
  readonly data: string;
  readonly model: string;
  readonly split: string;
  readonly measures?: string;
  readonly depth?: number;
  readonly baselines?: readonly Baseline[];
  readonly fuse?: "bm25" | "tf-idf";
  readonly rerank?: string;
  readonly rerankDepth?: number;
  readonly writeRun?: string;
  readonly compareRun?: string;
  readonly perQuery?: string;
  readonly columns?: ReadonlyMap<string, string>;
  readonly keepSelf?: true;
  readonly force?: true;
}

/** `nearmiss eval`: a model beside the baselines, with intervals and paired tests. */
export const addEval: AddCommand = (program, run) => {
  withCommonOptions(withChunkOptions(program.command("eval")))
    .description("measure a model beside the baselines, with intervals and tests")
    .requiredOption("--data <path>", "queries with documents, labelled items, or scored pairs")
    .requiredOption("--model <model>", "a model's folder, bm25 or tf-idf")
    .option("--split <name>", "split to evaluate on", "test")
    .option("--measures <names>", "such as ndcg@10,mrr@10,recall@100")
    .option("--depth <n>", "documents retrieved a query", integer("--depth", 1))
    .option("--baselines <names>", "of bm25, tf-idf, untrained; or none", baselines)
    .option("--fuse <name>", "add the fusion with bm25 or tf-idf", choice("--fuse", ["bm25", "tf-idf"]))
    .option("--rerank <folder>", "add the model reranked by a cross-encoder")
    .option("--rerank-depth <n>", "documents reranked a query (default: 100)", integer("--rerank-depth", 1))
    .option("--write-run <file>", "write what was retrieved as a TREC run")
    .option("--compare-run <file>", "compare with a TREC run")
    .option("--per-query <file>", "write each query's values and differences as JSON lines")
    .option("--columns <meaning=name,…>", "columns with other names than usual", columnNames("--columns"))
    .option("--keep-self", "keep a document with the query's own id among its results")
    .option("--force", "replace a file that is there")
    .action((flags: EvalFlags, command: Command) =>
      run(command, async ({ seed, threads, cache, progress, warnings, recognised }) => {
        refuseExisting(flags.writeRun, flags.force);
        refuseExisting(flags.perQuery, flags.force);
        const { evaluate } = await import("../../main.js");
        const { data, model, split, measures, depth, baselines, fuse, writeRun, compareRun, keepSelf } = flags;
        const { rerank, rerankDepth, perQuery } = flags;
        const result = await evaluate({
          ...{ data, model, split, seed, cache, progress, warnings, recognised },
          ...given({ measures, depth, baselines, fuse, writeRun, compareRun, keepSelf, threads }),
          ...given({ rerank, rerankDepth, perQuery }),
          ...given({ chunks: chunkingOf(flags), columns: record(flags.columns) }),
        });
        return { result, text: evaluationText(result) };
      }),
    );
};

function baselines(text: string): readonly Baseline[] {
  if (text === "none") return [];
  return nameList("--baselines")(text).map(choice("--baselines", ["bm25", "tf-idf", "untrained"]));
}
