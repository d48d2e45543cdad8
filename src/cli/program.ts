import { Command, CommanderError } from "commander";
import { notImplemented } from "../base/errors.js";
import { addDemo } from "./commands/demo.js";
import { addDoctor } from "./commands/doctor.js";
import { addEmbed } from "./commands/embed.js";
import { addEval } from "./commands/eval.js";
import { addExport } from "./commands/export.js";
import { addMine } from "./commands/mine.js";
import { addPull } from "./commands/pull.js";
import { addScore } from "./commands/score.js";
import { addSearch } from "./commands/search.js";
import { addTrain } from "./commands/train.js";
import { commonOptions, type Runner, withCommonOptions } from "./common.js";
import { reportFailure, runAction, type Streams } from "./run.js";
import { version } from "./version.js";

const built = [addDemo, addTrain, addMine, addEval, addScore, addEmbed, addSearch, addExport, addPull, addDoctor];

/** Commands of later parts: they answer, so that a script can tell "not yet" from "no such command". */
const planned = ["inspect", "review", "studio", "serve", "worker", "merge"];

/** Runs one command line (without `node` and the script) and returns the exit code. Never throws. */
export async function main(argv: readonly string[], streams: Streams): Promise<number> {
  let exitCode = 0;
  const run: Runner = async (command, action, onInterrupt = "ends") => {
    exitCode = await runAction(command.name(), commonOptions(command), action, onInterrupt, streams);
  };
  const program = createProgram(run, streams);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return reportFailure(namedCommand(program, argv), usageError(error), wantsJson(argv), streams);
  }
}

function createProgram(run: Runner, streams: Streams): Command {
  const program = new Command("nearmiss")
    .description("Train embedding models with well-chosen negatives, prove the gain and see why.")
    .version(version())
    .exitOverride()
    // Errors are printed once, by main; only help that was asked for goes through here.
    .configureOutput({ writeOut: (text) => streams.out.write(text), writeErr: () => {} });
  for (const add of built) add(program, run);
  for (const name of planned) {
    withCommonOptions(program.command(name, { hidden: true }))
      .argument("[anything...]")
      .allowUnknownOption()
      .action((_arguments, _options, command: Command) =>
        run(command, async () => {
          throw notImplemented(`nearmiss ${name}`);
        }),
      );
  }
  return program;
}

/** What stands for the command in an error that came before a command was running. */
function namedCommand(program: Command, argv: readonly string[]): string {
  const known = new Set(program.commands.map((command) => command.name()));
  return argv.find((word) => known.has(word)) ?? program.name();
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? undefined : end).includes("--json");
}

/** A bare `nearmiss` is thrown by commander as a request for help. */
function usageError(error: unknown): unknown {
  if (!(error instanceof CommanderError && error.code === "commander.help")) return error;
  return new CommanderError(2, "usage", "a command is missing; nearmiss --help lists them");
}
