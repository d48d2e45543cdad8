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
  readonly quantize?: "int8";
  readonly force?: true;
}

/** `nearmiss export`: the model as one graph, from tokens to the final vector. */
export const addExport: AddCommand = (program, run) => {
  withCommonOptions(program.command("export"))
    .description("write a model as one graph, from tokens to the final vector")
    .requiredOption("--model <dir>", "a model's folder")
    .requiredOption("--to <format>", "onnx", choice("--to", ["onnx"]))
    .option("--quantize <type>", "int8: a quarter of the size", choice("--quantize", ["int8"]))
    .option("--out <file>", "default: onnx/model.onnx in the model's folder, or model_quantized.onnx")
    .option("--force", "replace a file that is there")
    .action(({ model, out, quantize, force }: ExportFlags, command: Command) =>
      run(command, async ({ warnings }) => {
        const name = quantize === undefined ? "model.onnx" : "model_quantized.onnx";
        refuseExisting(out ?? join(model, "onnx", name), force);
        const { exportModel } = await import("../../main.js");
        const result = await exportModel({ model, warnings, ...given({ out, quantize }) });
        return { result, text: `${result.file} (${formatBytes(result.bytes)})` };
      }),
    );
};
