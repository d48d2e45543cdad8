import type { Progress } from "../base/progress.js";
import type { ScoredPool, ScoringRetriever, TextItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { loadWeights, readModelFolder } from "../checkpoint/index.js";
import { openTensors } from "../encode/model.js";
import type { Engine } from "../engine/types.js";
import { bm25 } from "../search/bm25.js";
import { denseRetriever } from "../search/dense.js";

/** What finds the documents that a cross-encoder ranks. */
export interface FirstStage {
  readonly name: "bm25" | "first-stage";
  readonly similarity: ScoredPool["similarity"];
  index(documents: Iterable<TextItem>, progress?: Progress): Promise<ScoringRetriever>;
  release(): Promise<void>;
}

/** `bm25`, or the folder of an embedding model. */
export async function openFirstStage(name: string, engine: Engine, warnings: Warnings): Promise<FirstStage> {
  if (name === "bm25")
    return {
      name: "bm25",
      similarity: "bm25",
      index: async (documents) => bm25(documents),
      release: async () => undefined,
    };
  const folder = await readModelFolder(name, warnings);
  const { fingerprint } = folder;
  const model = await openTensors({ engine, description: folder, tensors: loadWeights(folder), fingerprint, warnings });
  return {
    name: "first-stage",
    similarity: model.similarity,
    index: (documents, progress) => denseRetriever("first-stage", model, documents, { progress }),
    release: model.release,
  };
}
