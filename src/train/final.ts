import type { Progress } from "../base/progress.js";
import type { RetrievalData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { splitOf } from "../data/splits.js";
import { parseMeasures } from "../evaluate/measures.js";
import { evaluateRetrievers, type NamedRetriever } from "../evaluate/retrievers.js";
import { defaultMeasures, type SystemHits } from "../evaluate/systems.js";
import { bm25 } from "../search/bm25.js";
import { denseRetriever } from "../search/dense.js";
import { tfIdf } from "../search/tf-idf.js";
import type { TrainConfig } from "./config.js";
import { examples, scoreSamples } from "./examples.js";
import type { RetrievalLearner } from "./pair-learner.js";
import type { FinalEvaluation } from "./task.js";

export interface FinalOptions {
  readonly learner: RetrievalLearner;
  readonly data: RetrievalData;
  readonly config: TrainConfig;
  readonly warnings: Warnings;
  readonly progress: Progress;
}

/** The split of the final evaluation. */
export function finalSplit(data: { readonly splits: ReadonlyMap<string, unknown> }, devSplit: string): string {
  return data.splits.has("test") ? "test" : devSplit;
}

/** Hits a query of the final evaluation. */
export const DEPTH = 1000;

/** The best weights beside BM25, TF-IDF and what training began with, on the test split where there is one, else on the dev split. */
export async function finalEvaluation({
  learner,
  data,
  config,
  warnings,
  progress,
}: FinalOptions): Promise<FinalEvaluation> {
  const split = finalSplit(data, config.devSplit);
  const documents = data.documents.values();
  const untrained = await learner.untrained();
  const retrievers: NamedRetriever[] = [
    {
      name: "model",
      kind: "model",
      retriever: await denseRetriever("model", learner.current, documents, { progress }),
    },
    { name: "bm25", kind: "bm25", retriever: bm25(data.documents.values()) },
    { name: "tf-idf", kind: "tf-idf", retriever: tfIdf(data.documents.values()) },
    {
      name: untrained.name,
      kind: "untrained",
      retriever: await denseRetriever(untrained.name, untrained, data.documents.values(), { progress }),
    },
  ];
  const found = await evaluatedFinally({ data, config, warnings, progress }, split, retrievers);
  await untrained.release();
  return found;
}

/** The retrievers on a split, the trained one first. `scored` are the hits whose scores are the model's: all, if nothing else is said. */
export async function evaluatedFinally(
  { data, config, warnings, progress }: Omit<FinalOptions, "learner">,
  split: string,
  retrievers: readonly NamedRetriever[],
  scored = (model: SystemHits) => model,
): Promise<FinalEvaluation> {
  const measures = [
    ...defaultMeasures,
    ...parseMeasures(config.metric).filter(({ name }) => defaultMeasures.every((one) => one.name !== name)),
  ];
  const { evaluation, systems } = await evaluateRetrievers({
    data,
    split: splitOf(data, split).name,
    retrievers,
    depth: DEPTH,
    measures,
    seed: config.seed,
    warnings,
    progress,
  });
  const [model] = systems;
  return {
    result: evaluation.result,
    details: {
      examples: examples(data, evaluation, systems, config.metric) ?? undefined,
      scores: model === undefined ? { positive: [], negative: [] } : scoreSamples(data, scored(model), split),
    },
  };
}
