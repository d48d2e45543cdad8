import { join } from "node:path";
import { writeFileAtomic } from "../base/files.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { loadWeights, readModelFolder } from "../checkpoint/index.js";
import { onnxModel } from "../checkpoint/onnx.js";

export interface ExportOptions {
  readonly model: string;
  /** Where the ONNX file goes; default `MODEL/onnx/model.onnx`, where transformers.js looks. */
  readonly out?: string;
  readonly warnings?: Warnings;
}

/** `result` of `nearmiss export`. */
export interface ExportResult {
  readonly model: string;
  readonly file: string;
  readonly bytes: number;
}

/** Writes the encoder as an ONNX file that ends in the final vector: `sentence_embedding`, beside `last_hidden_state`. */
export async function exportModel(options: ExportOptions): Promise<ExportResult> {
  const folder = await readModelFolder(options.model, options.warnings ?? collectWarnings());
  const bytes = onnxModel(folder, loadWeights(folder));
  const file = options.out ?? join(options.model, "onnx", "model.onnx");
  writeFileAtomic(file, bytes);
  return { model: options.model, file, bytes: bytes.length };
}
