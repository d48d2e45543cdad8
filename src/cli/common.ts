import type { Command } from "commander";
import { defaultCacheFolder } from "./cache-folder.js";
import type { Action, CommonOptions, OnInterrupt } from "./run.js";
import { integer } from "./values.js";

/** Runs a parsed command in its envelope. */
export type Runner = (command: Command, action: Action, onInterrupt?: OnInterrupt) => Promise<void>;

/** Adds a command to the program. */
export type AddCommand = (program: Command, run: Runner) => void;

/** The options of every command. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--json", "print one JSON object on stdout and everything else on stderr")
    .option("--threads <n>", "threads to compute with (default: one a core)", integer("--threads", 1, 1024))
    .option("--seed <n>", "seed of every random choice", integer("--seed", 0), 1)
    .option("--quiet", "no progress and no notes")
    .option("--cache <dir>", "folder of caches", defaultCacheFolder());
}

/** The common part of a command's options. */
export function commonOptions(command: Command): CommonOptions {
  return command.opts<CommonOptions>();
}
