import type { Command } from "commander";
import { count } from "../../report/figures.js";
import { type AddCommand, withCommonOptions } from "../common.js";
import { given } from "../given.js";

interface PullFlags {
  readonly revision?: string;
  readonly out?: string;
  readonly force?: true;
}

/** `nearmiss pull`: a model of the Hub as a local folder. */
export const addPull: AddCommand = (program, run) => {
  withCommonOptions(program.command("pull"))
    .description("copy a model of the Hugging Face Hub into a folder; HF_TOKEN and HF_ENDPOINT are honoured")
    .argument("<model>", "organisation/name")
    .option("--revision <name>", "a branch, tag or commit (default: main)")
    .option("--out <dir>", "the folder (default: the model's name)")
    .option("--force", "write into a folder that holds something else")
    .action((repository: string, { revision, out, force }: PullFlags, command: Command) =>
      run(command, async ({ progress }) => {
        const { pull } = await import("../../main.js");
        const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = process.env;
        const result = await pull({
          repository,
          out: out ?? (repository.split("/").at(-1) as string),
          progress,
          ...given({ revision, force, endpoint, token }),
        });
        const size = result.files.reduce((sum, file) => sum + file.size, 0);
        return {
          result,
          text: `${result.folder}: ${count(result.files.length)} files, ${count(Math.ceil(size / 1e6))} MB, at ${result.commit}`,
        };
      }),
    );
};
