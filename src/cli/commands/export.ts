import { join } from "node:path";
import type { Command } from "commander";
import { type AddCommand, withCommonOptions } from "../common.js";
import { formatBytes } from "../format.js";
import { given, refuseExisting } from "../given.js";
import { choice } from "../values.js";

interface ExportFlags {
  readonly model: string;
  readonly to: "onnx";
  readonly out?: string;
  readonly force?: true;
}

/** `nearmiss export`: the model as one graph, from tokens to the final vector. */
export const addExport: AddCommand = (program, run) => {
  withCommonOptions(program.command("export"))
    .description("write a model as one graph, from tokens to the final vector")
    .requiredOption("--model <dir>", "a model's folder")
    .requiredOption("--to <format>", "onnx", choice("--to", ["onnx"]))
    .option("--out <file>", "default: onnx/model.onnx in the model's folder")
    .option("--force", "replace a file that is there")
    .action(({ model, out, force }: ExportFlags, command: Command) =>
      run(command, async ({ warnings }) => {
        refuseExisting(out ?? join(model, "onnx", "model.onnx"), force);
        const { exportModel } = await import("../../main.js");
        const result = await exportModel({ model, warnings, ...given({ out }) });
        return { result, text: `${result.file} (${formatBytes(result.bytes)})` };
      }),
    );
};
