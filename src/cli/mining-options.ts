import { type Command, Option } from "commander";
import { choice, collect, integer, parameters } from "./values.js";

/** What `mine` and `train` take to choose negatives. */
export interface MiningFlags {
  readonly sampler?: string;
  readonly param?: ReadonlyMap<string, string>;
  readonly filter?: readonly string[];
  readonly noFilter?: readonly string[];
  readonly candidates?: "train" | "corpus";
  readonly count?: number;
  readonly depth?: number;
  readonly short?: "fewer" | "skip" | "fill";
}

/** Adds them; names and values of samplers and filters are checked by the part that owns them. */
export function withMiningOptions(command: Command): Command {
  return command
    .option("--sampler <name>", "how negatives are drawn: in-batch (train alone), random, top-k, shifted-top-k, simans")
    .option("--param <name=value>", "a parameter of the sampler; repeatable", parameters("--param"))
    .option(
      "--filter <name=value>",
      "keeps likely positives out: perc-pos=P, margin-pos=M, abs=T, rank-window=LO-HI; repeatable",
      collect,
    )
    .addOption(withoutFilter())
    .option(
      "--candidates <set>",
      "documents to draw from: those of the split (train) or all (corpus)",
      choice("--candidates", ["train", "corpus"]),
    )
    .option("--count <n>", "negatives a query", integer("--count", 1))
    .option("--depth <n>", "candidates a query", integer("--depth", 1))
    .option(
      "--short <policy>",
      "where too few candidates are left: fewer, skip or fill",
      choice("--short", ["fewer", "skip", "fill"]),
    );
}

function withoutFilter(): Option {
  const option = new Option("--no-filter <name>", "switches off known-positives or equal-text; repeatable").argParser(
    collect,
  );
  // To commander `--no-` would make it the opposite of --filter; here it is an option with a value of its own.
  option.negate = false;
  return option;
}
