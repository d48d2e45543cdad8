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
  /** `int8`: products and tables by 8-bit integers, a file of about a quarter of the size; its default name is `MODEL/onnx/model_quantized.onnx`. */
  readonly quantize?: "int8";
  readonly warnings?: Warnings;
}

/** `result` of `nearmiss export`. */
export interface ExportResult {
  readonly model: string;
  readonly file: string;
  readonly bytes: number;
}

/**
 * Writes the encoder as an ONNX file that ends in the final vector: `sentence_embedding`, beside `last_hidden_state`; a cross-encoder's
 * ends in `logits`. Where the file is called `FOLDER/onnx/model.onnx` (or `model_quantized.onnx`: dtype `q8`) transformers.js opens FOLDER:
 * config.json and the tokenizer's files are added to it if they are not there, and the warning `transformers-js` tells where those that
 * are there mean other vectors.
 */
export async function exportModel(options: ExportOptions): Promise<ExportResult> {
  const { model, quantize, warnings = collectWarnings() } = options;
  const file = options.out ?? defaultFile(model, quantize);
  const folder = isCrossEncoder(model)
    ? await readCrossEncoder(model, warnings)
    : await readModelFolder(model, warnings);
  const weights = loadWeights(folder);
  const precision = quantize ?? null;
  const bytes =
    "classifier" in folder ? onnxCrossEncoder(folder, weights, precision) : onnxModel(folder, weights, precision);
  writeFileAtomic(file, bytes);
  if (/^model(_quantized)?\.onnx$/.test(basename(file)) && basename(dirname(file)) === "onnx")
    completeForTransformersJs(dirname(dirname(file)), folder, warnings);
  return { model, file, bytes: bytes.length };
}

/** The name under which transformers.js looks for it. */
function defaultFile(model: string, quantize: ExportOptions["quantize"]): string {
  return join(model, "onnx", quantize === undefined ? "model.onnx" : "model_quantized.onnx");
}
