import type { Command } from "commander";
import { inputError, notImplemented } from "../../base/errors.js";
import { count, decimals, measureName } from "../../report/figures.js";
import type { TrainConfigInput } from "../../train/config.js";
import type { DryRun, DryRunTiming } from "../../train/dry-run.js";
import type { TrainResult } from "../../train/train.js";
import { type AddCommand, withCommonOptions } from "../common.js";
import { readConfigFile } from "../config-file.js";
import { evaluationText } from "../evaluation-text.js";
import { formatBytes, formatNumber, formatSeconds } from "../format.js";
import { given, record } from "../given.js";
import { type MiningFlags, withMiningOptions } from "../mining-options.js";
import { choice, columnNames, decimal, integer, options, sizes } from "../values.js";
import { vectorPair } from "../vector-pair.js";

type TrainFlags = MiningFlags &
  Pick<TrainConfigInput, (typeof sameName)[number]> & {
    readonly out: string;
    readonly vectors?: readonly string[];
    readonly recipe?: string;
    readonly config?: string;
    readonly lossParam?: ReadonlyMap<string, unknown>;
    readonly mineParam?: ReadonlyMap<string, unknown>;
    readonly minerParam?: ReadonlyMap<string, unknown>;
    readonly batchParam?: ReadonlyMap<string, unknown>;
    readonly columns?: ReadonlyMap<string, string>;
    readonly resume?: true;
    readonly force?: true;
    readonly dryRun?: true;
  };

/** Flags that stand in the configuration under their own name. */
const sameName = [
  "data",
  "model",
  "encoder",
  "firstStage",
  "rerankDepth",
  "loss",
  "miner",
  "batches",
  "memory",
  "mine",
  "hidden",
  "sampler",
  "candidates",
  "count",
  "depth",
  "short",
  "epochs",
  "steps",
  "batchSize",
  "microBatch",
  "maxLength",
  "learningRate",
  "warmup",
  "dropout",
  "precision",
  "devSplit",
  "evalEvery",
  "metric",
  "patience",
  "checkpointEvery",
  "refreshEvery",
] as const satisfies readonly (keyof TrainConfigInput)[];

/** `nearmiss train`: the whole chain from data to an evaluated model. */
export const addTrain: AddCommand = (program, run) => {
  withCommonOptions(withMiningOptions(withTrainingOptions(program.command("train"))))
    .description("train a model, choose its negatives, and evaluate it beside the baselines")
    .action((flags: TrainFlags, command: Command) =>
      run(
        command,
        async ({ seed, threads, progress, warnings, recognised, signal }) => {
          if (flags.recipe !== undefined) throw notImplemented("--recipe");
          const { planTraining, train } = await import("../../main.js");
          const config = configOf(flags, command, seed);
          const options = {
            ...config,
            out: flags.out,
            progress,
            warnings,
            recognised,
            signal,
            ...given({ threads, resume: flags.resume, force: flags.force }),
          };
          if (flags.dryRun === true) {
            const { plan, timing } = await planTraining(options);
            return { result: plan, text: planText(plan, timing), timing: { ...timing }, seed: config.seed };
          }
          const result = await train(options);
          return { result, text: resultText(result), seed: config.seed };
        },
        "leaves-checkpoint",
      ),
    );
};

function withTrainingOptions(command: Command): Command {
  const positive = (flag: string) => decimal(flag, "a number above 0", (value) => value > 0);
  const atLeastZero = (flag: string) => decimal(flag, "a number of at least 0", (value) => value >= 0);
  const share = (flag: string) => decimal(flag, "a number from 0 up to 1", (value) => value >= 0 && value < 1);
  return command
    .option("--data <path>", "folder or file of queries and documents, labelled items or scored pairs")
    .requiredOption("--out <dir>", "the run's folder")
    .option(
      "--model <model>",
      "static, bert, cross-encoder, mlp, linear or residual (from nothing), or a model's folder",
    )
    .option("--vectors <files...>", "QUERIES.npy DOCUMENTS.npy: another model's vectors, to train a head on")
    .option("--encoder <folder>", "the encoder that a new cross-encoder begins with")
    .option("--first-stage <model>", "what finds the documents a cross-encoder ranks: bm25 or a folder")
    .option("--rerank-depth <n>", "documents of a query that a cross-encoder ranks", integer("--rerank-depth", 1))
    .option("--recipe <name>", "a published system")
    .option("--config <file>", "options from a file such as RUN/config.json; flags win")
    .option("--loss <name>", "what is minimised; mlm: guess masked tokens")
    .option("--loss-param <name=value>", "an option of the loss; repeatable", options("--loss-param"))
    .option("--miner <name>", "selection inside batches of labelled items")
    .option("--miner-param <name=value>", "an option of the miner; repeatable", options("--miner-param"))
    .option(
      "--batches <kind>",
      "how labelled items are put into batches",
      choice("--batches", ["classes-times-items", "balanced", "pairs", "anchor-classes"]),
    )
    .option("--batch-param <name=value>", "a size of these batches; repeatable", options("--batch-param"))
    .option(
      "--mine <negatives>",
      "mine labelled items over the whole split: hardest or semi-hard negatives",
      choice("--mine", ["hardest", "semi-hard"]),
    )
    .option("--mine-param <name=value>", "how they are mined; repeatable", options("--mine-param"))
    .option("--memory <n>", "vectors of earlier batches that labelled items are compared with", integer("--memory", 0))
    .option("--hidden <sizes>", "widths of a network's layers before the last, such as 256,128", sizes("--hidden"))
    .option("--epochs <n>", "passes over the training split", positive("--epochs"))
    .option("--steps <n>", "updates, instead of epochs", integer("--steps", 1))
    .option("--batch-size <n>", "pairs an update", integer("--batch-size", 2))
    .option("--micro-batch <n>", "pairs encoded at once, for batches larger than memory", integer("--micro-batch", 1))
    .option("--max-length <n>", "tokens of a text that are read", integer("--max-length", 3))
    .option("--learning-rate <x>", "the highest learning rate", positive("--learning-rate"))
    .option("--warmup <x>", "steps of warm-up; below 1, their share", atLeastZero("--warmup"))
    .option(
      "--precision <type>",
      "float32, int8 or int8-gradient: how training multiplies",
      choice("--precision", ["float32", "int8", "int8-gradient"]),
    )
    .option("--dropout <x>", "share of activations dropped", share("--dropout"))
    .option("--dev-split <name>", "split that chooses the best step")
    .option("--eval-every <n>", "steps between evaluations", integer("--eval-every", 1))
    .option("--metric <name>", "measure that chooses the best step")
    .option("--patience <n>", "evaluations without a better value before the end", integer("--patience", 1))
    .option("--checkpoint-every <n>", "steps between checkpoints", integer("--checkpoint-every", 1))
    .option("--refresh-every <n>", "steps between refreshes of the negatives", integer("--refresh-every", 1))
    .option("--columns <meaning=name,…>", "columns with other names than usual", columnNames("--columns"))
    .option("--resume", "go on from the last checkpoint")
    .option("--force", "replace a run that is there")
    .option("--dry-run", "print what would happen, with time and memory");
}

/** The flags over the configuration file; `--seed` counts only where it was typed. */
function configOf(
  flags: TrainFlags,
  command: Command,
  seed: number,
): TrainConfigInput & { data: string; seed: number } {
  const file: TrainConfigInput = flags.config === undefined ? {} : readConfigFile(flags.config);
  const typed = command.getOptionValueSource("seed") === "cli";
  const data = flags.data ?? file.data;
  if (data === undefined) {
    throw inputError("usage", "there is nothing to train on", { field: "--data", expected: "a folder or file" });
  }
  return {
    ...file,
    ...given(Object.fromEntries(sameName.map((name) => [name, flags[name]]))),
    ...given({ vectors: vectorPair(flags.vectors) }),
    ...given({
      samplerParams: record(flags.param),
      filters: flags.filter?.slice(),
      noFilters: flags.noFilter?.slice(),
    }),
    ...given({
      lossParams: record(flags.lossParam),
      minerParams: record(flags.minerParam),
      mineParams: record(flags.mineParam),
      batchParams: record(flags.batchParam),
      columns: record(flags.columns),
    }),
    data,
    seed: typed ? seed : (file.seed ?? seed),
  };
}

function resultText({ run, model, steps, best, evaluation }: TrainResult): string {
  return `${evaluationText(evaluation)}

${steps} steps; best at step ${best.step} (${measureName(best.metric)} ${decimals(best.value)} on the dev split)
model   ${model}
report  ${run}/report.html`;
}

function planText(
  { run, data, model, steps, stepsPerEpoch, evaluations, refreshes }: DryRun,
  timing: DryRunTiming,
): string {
  const splits = Object.entries(data.splits).map(([name, rows]) => `${name} ${count(rows)}`);
  const rows = { retrieval: `${count(data.documents ?? 0)} documents; queries`, labelled: "items", scored: "pairs" };
  const { labels } = model;
  const scores = labels === 1 ? "one score a pair" : `${count(labels ?? 0)} scores a pair`;
  const size = labels === undefined ? `${count(model.dimension)} dimensions` : scores;
  return `data    ${data.format}: ${rows[data.kind]}: ${splits.join(", ")}
model   ${model.family}, ${size}, ${count(model.parameters)} parameters
steps   ${count(steps)} (${count(stepsPerEpoch)} an epoch, ${formatNumber(timing.stepSeconds)} s each)
        evaluations after ${evaluations.join(", ")}
        negatives drawn anew after ${refreshes.length === 0 ? "none: they come from the batch" : refreshes.join(", ")}
time    about ${formatSeconds(timing.estimatedSeconds)}
memory  about ${formatBytes(timing.memoryBytes)}
Nothing was written to ${run}.`;
}
