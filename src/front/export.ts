import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "../base/files.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import {
  completeForTransformersJs,
  isCrossEncoder,
  loadWeights,
  onnxCrossEncoder,
  onnxModel,
  readCrossEncoder,
  readModelFolder,
} from "../checkpoint/index.js";

export interface ExportOptions {
  readonly model: string;
  /** Where the ONNX file goes; default `MODEL/onnx/model.onnx`. */
  readonly out?: string;
  readonly warnings?: Warnings;
}

/** `result` of `nearmiss export`. */
export interface ExportResult {
  readonly model: string;
  readonly file: string;
  readonly bytes: number;
}

/**
 * Writes the encoder as an ONNX file (float32) that ends in the final vector: `sentence_embedding`, beside `last_hidden_state`; a cross-encoder's
 * ends in `logits`. Where the
 * file is called `FOLDER/onnx/model.onnx` transformers.js opens FOLDER: config.json and the tokenizer's files are added to it if they are
 * not there, and the warning `transformers-js` tells where those that are there mean other vectors.
 */
export async function exportModel(options: ExportOptions): Promise<ExportResult> {
  const { model, out: file = join(model, "onnx", "model.onnx"), warnings = collectWarnings() } = options;
  const folder = isCrossEncoder(model)
    ? await readCrossEncoder(model, warnings)
    : await readModelFolder(model, warnings);
  const weights = loadWeights(folder);
  const bytes = "classifier" in folder ? onnxCrossEncoder(folder, weights) : onnxModel(folder, weights);
  writeFileAtomic(file, bytes);
  if (basename(file) === "model.onnx" && basename(dirname(file)) === "onnx")
    completeForTransformersJs(dirname(dirname(file)), folder, warnings);
  return { model, file, bytes: bytes.length };
}
