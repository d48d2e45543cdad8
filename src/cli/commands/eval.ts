import type { Command } from "commander";
import { inputError } from "../../base/errors.js";
import type { Baseline } from "../../front/evaluate-options.js";
import { type ChunkFlags, chunkingOf, withChunkOptions } from "../chunk-options.js";
import { type AddCommand, withCommonOptions } from "../common.js";
import { evaluationText } from "../evaluation-text.js";
import { given, record, refuseExisting } from "../given.js";
import { type IndexFlags, indexOf, indexText, withIndexOptions } from "../index-options.js";
import { apart } from "../usage.js";
import { choice, collect, columnNames, decimal, integer, nameList } from "../values.js";
import { vectorPair } from "../vector-pair.js";

interface EvalFlags extends ChunkFlags, IndexFlags {
  readonly data: string;
  readonly model?: readonly string[];
  readonly vectors?: readonly string[];
  readonly price?: readonly number[];
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
  withCommonOptions(withIndexOptions(withChunkOptions(program.command("eval"))))
    .description("measure a model beside the baselines, with intervals and tests")
    .requiredOption("--data <path>", "queries with documents, labelled items, or scored pairs")
    .option(
      "--model <model>",
      "a model's folder, a URL https://host/v1#name, bm25, tf-idf or vectors; repeatable",
      collect,
    )
    .option("--vectors <files...>", "QUERIES.npy DOCUMENTS.npy: another model's vectors")
    .option("--price <x,…>", "what a million tokens of each URL cost, in their order", prices)
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
        const { data, split, measures, depth, baselines, fuse, writeRun, compareRun, keepSelf } = flags;
        const { rerank, rerankDepth, perQuery } = flags;
        const result = await evaluate({
          ...{ data, split, seed, cache, progress, warnings, recognised },
          ...modelsOf(flags),
          ...given({ vectors: vectorPair(flags.vectors) }),
          ...given({ measures, depth, baselines, fuse, writeRun, compareRun, keepSelf, threads }),
          ...given({ rerank, rerankDepth, perQuery }),
          ...given({ chunks: chunkingOf(flags), index: indexOf(flags), columns: record(flags.columns) }),
        });
        return {
          ...apart(result),
          text: [evaluationText(result), ...(result.indexes ?? []).flatMap(indexText)].join("\n"),
        };
      }),
    );
};

/** One model is called `model`, as baselines are by theirs; several are called what was typed. */
function modelsOf({ model: names = [], price = [] }: EvalFlags) {
  const hosted = names.filter((name) => /^https?:/.test(name));
  if (price.length > 0 && price.length !== hosted.length)
    throw inputError("bad-usage", "there is not one price for each model behind a URL", {
      field: "--price",
      found: price.join(","),
      expected: `${hosted.length} prices`,
    });
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw inputError("bad-usage", "a model is compared with itself", { field: "--model", found: twice });
  const models = names.map((model) => ({ name: model, model, ...given({ price: price[hosted.indexOf(model)] }) }));
  const [first, ...beside] = models;
  if (first === undefined) return {};
  const { name, ...asked } = first;
  return beside.length === 0 ? asked : { ...asked, name, beside };
}

function prices(text: string): readonly number[] {
  const price = decimal("--price", "prices of at least 0, separated by commas", (value) => value >= 0);
  return text.split(",").map(price);
}

function baselines(text: string): readonly Baseline[] {
  if (text === "none") return [];
  return nameList("--baselines")(text).map(choice("--baselines", ["bm25", "tf-idf", "untrained"]));
}
