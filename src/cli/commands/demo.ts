import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { count } from "../../report/figures.js";
import { type AddCommand, withCommonOptions } from "../common.js";
import { evaluationText } from "../evaluation-text.js";
import { given } from "../given.js";
import { hitsText } from "../hits-text.js";
import type { Context } from "../run.js";
import { choice } from "../values.js";

interface DemoFlags {
  readonly out: string;
  readonly model: "static" | "bert";
  readonly force?: true;
}

/** A question to begin with, that the declarations answer. */
const firstQuestion = "wait for a file to change";

/** `nearmiss demo`: from text to a search model that is better than the baselines, on what is on the machine. */
export const addDemo: AddCommand = (program, run) => {
  withCommonOptions(program.command("demo"))
    .description("build a search model from the installed declarations (or your own folder) and prove it")
    .argument("[dir]", "your own data; default: the *.d.ts of installed packages")
    .option("--out <dir>", "folder of the runs", join("runs", "demo"))
    .option(
      "--model <model>",
      "static, or bert to train a small transformer too",
      choice("--model", ["static", "bert"]),
      "static",
    )
    .option("--force", "train anew where there are finished runs")
    .action((dir: string | undefined, { out, model, force }: DemoFlags, command: Command) =>
      run(
        command,
        async (context) => {
          const { seed, threads, cache, signal, progress, warnings, say } = context;
          const { readDeclarations } = await import("../../data/demo.js");
          const { loadData, openSearch } = await import("../../main.js");
          const { runDemo } = await import("../../front/demo.js");
          const data = dir === undefined ? await readDeclarations() : await loadData(dir, { warnings });
          say(`${data.format}: ${count(data.documents.size)} documents, ${count(data.queries.size)} queries`);
          const done = await runDemo({
            ...{ data, out, seed, threads, signal, progress, warnings, say },
            ...{ transformer: model === "bert", force: force === true },
          });
          say(`\n${evaluationText(done.evaluation)}\n\nreport  ${join(done.run, "report.html")}\n`);
          const searcher = await openSearch({
            data,
            model: done.model,
            cache,
            progress,
            warnings,
            ...given({ threads }),
          });
          try {
            const answer = await searcher.ask(firstQuestion, 5);
            say(`${firstQuestion}\n\n${hitsText(answer.hits)}\n`);
            await converse(context, async (question) => hitsText((await searcher.ask(question, 5)).hits));
            return { result: { ...done, answer } };
          } finally {
            await searcher.close();
          }
        },
        "leaves-checkpoint",
      ),
    );
};

/** Answers what is typed until the user leaves; nothing without a terminal. */
async function converse({ json, quiet }: Context, answer: (question: string) => Promise<string>): Promise<void> {
  if (json || quiet || !process.stdin.isTTY || !process.stdout.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  terminal.setPrompt("search (empty to leave)> ");
  terminal.prompt();
  for await (const line of terminal) {
    if (line.trim() === "") break;
    process.stdout.write(`\n${await answer(line.trim())}\n\n`);
    terminal.prompt();
  }
  terminal.close();
}
