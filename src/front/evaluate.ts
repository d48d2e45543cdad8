import { inputError } from "../base/errors.js";
import { noProgress } from "../base/progress.js";
import { collectWarnings } from "../base/warnings.js";
import { loadDataset } from "../data/load.js";
import { createEngine } from "../engine/onnxruntime.js";
import type { EvaluationResult } from "../evaluate/results.js";
import { evaluateItems } from "./evaluate-items.js";
import type { EvaluateOptions } from "./evaluate-options.js";
import { evaluatePairs } from "./evaluate-pairs.js";
import { evaluateRetrieval } from "./evaluate-retrieval.js";

/** Measures a model beside its baselines on one split: of queries and documents, of labelled items, or of scored pairs. */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationResult> {
  const { split = "test", warnings = collectWarnings(), seed = 1, cache = null, progress = noProgress } = options;
  const data =
    typeof options.data === "string"
      ? await loadDataset(options.data, { columns: options.columns ?? {}, warnings, recognised: options.recognised })
      : options.data;
  if (!data.splits.has(split)) {
    throw inputError("unknown-split", "the data have no such split", {
      file: data.source,
      field: "split",
      found: split,
      expected: [...data.splits.keys()].join(", "),
    });
  }
  const engine = await createEngine(options.threads === undefined ? {} : { threads: options.threads });
  try {
    const context = { options, engine, split, seed, cache, warnings, progress };
    switch (data.kind) {
      case "retrieval":
        return await evaluateRetrieval(data, context);
      case "labelled":
        return await evaluateItems(data, context);
      case "scored":
        return await evaluatePairs(data, context);
      default:
        throw inputError("wrong-kind", "data of this kind cannot be evaluated", {
          file: data.source,
          found: data.format,
          expected: "queries with documents that answer them, labelled items, or scored pairs",
        });
    }
  } finally {
    await engine.close();
  }
}
