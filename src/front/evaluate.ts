import { inputError } from "../base/errors.js";
import { noProgress } from "../base/progress.js";
import type { Dataset } from "../base/types.js";
import { collectWarnings } from "../base/warnings.js";
import { loadDataset } from "../data/load.js";
import type { HostedUsage } from "../encode/hosted.js";
import { createEngine } from "../engine/onnxruntime.js";
import type { EvaluationResult } from "../evaluate/results.js";
import { evaluateItems } from "./evaluate-items.js";
import {
  type Evaluated,
  type EvaluateOptions,
  type EvaluationContext,
  modelsOf,
  type SystemUsage,
} from "./evaluate-options.js";
import { evaluatePairs } from "./evaluate-pairs.js";
import { evaluateRetrieval } from "./evaluate-retrieval.js";

/** Measures a model, or several, beside the baselines on one split: of queries and documents, of labelled items, or of scored pairs. */
export async function evaluate(options: EvaluateOptions): Promise<Evaluated> {
  const { split = "test", warnings = collectWarnings(), seed = 1, cache = null, progress = noProgress } = options;
  const models = modelsOf(options);
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
    const asked: (() => SystemUsage)[] = [];
    const paid: EvaluationContext["paid"] = ({ name, price }, usage) => {
      if (usage !== undefined) asked.push(() => costOf(name, usage(), price));
    };
    const context = { options, models, paid, engine, split, seed, cache, warnings, progress };
    const result = await evaluateKind(data, context);
    return asked.length === 0 ? result : { ...result, usage: asked.map((one) => one()) };
  } finally {
    await engine.close();
  }
}

function costOf(name: string, usage: HostedUsage, price: number | undefined): SystemUsage {
  const counted = usage.tokens > 0 || usage.texts === 0;
  return { name, ...usage, ...(price === undefined || !counted ? {} : { cost: (usage.tokens * price) / 1e6 }) };
}

function evaluateKind(data: Dataset, context: EvaluationContext): Promise<EvaluationResult> {
  switch (data.kind) {
    case "retrieval":
      return evaluateRetrieval(data, context);
    case "labelled":
      return evaluateItems(data, context);
    case "scored":
      return evaluatePairs(data, context);
    default:
      throw inputError("wrong-kind", "data of this kind cannot be evaluated", {
        file: data.source,
        found: data.format,
        expected: "queries with documents that answer them, labelled items, or scored pairs",
      });
  }
}
