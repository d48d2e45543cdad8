import type { Progress } from "../base/progress.js";
import type { RetrievalData, ScoringRetriever, Similarity, TextItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { isHosted } from "../encode/hosted.js";
import { openTensors } from "../encode/model.js";
import type { Engine } from "../engine/types.js";
import type { NamedRetriever } from "../evaluate/retrievers.js";
import { bm25 } from "../search/bm25.js";
import { denseRetriever } from "../search/dense.js";
import { tfIdf } from "../search/tf-idf.js";
import { restart, type StartRecord } from "../train/start.js";
import { hostedModel, type LoadedModel, type LoadOptions, load } from "./load.js";

/** A model by name: `bm25`, `tf-idf`, a folder, or a URL. */
export interface OpenedRetriever extends NamedRetriever {
  readonly retriever: ScoringRetriever;
  /** What its scores are. */
  readonly similarity: Similarity | "bm25";
  /** The loaded model, where it is a folder's. */
  readonly model: LoadedModel | null;
}

/** Opens what `--model` names over the given documents. */
export async function openRetriever(
  name: string,
  documents: ReadonlyMap<string, TextItem>,
  options: LoadOptions & { readonly engine: Engine; readonly progress?: Progress | undefined },
): Promise<OpenedRetriever> {
  const lexical = { name, similarity: "bm25", model: null } as const;
  if (name === "bm25") return { ...lexical, kind: "bm25", retriever: bm25(documents.values()) };
  if (name === "tf-idf") return { ...lexical, kind: "tf-idf", retriever: tfIdf(documents.values()) };
  if (isHosted(name)) {
    const hosted = hostedModel(name, options);
    const vectors = { ...hosted, engine: options.engine };
    return {
      name: "model",
      kind: "model",
      similarity: hosted.similarity,
      retriever: await denseRetriever("model", vectors, documents.values(), options.progress),
      model: null,
    };
  }
  const model = await load(name, options);
  return {
    name: "model",
    kind: "model",
    similarity: model.similarity,
    retriever: await denseRetriever("model", model, documents.values(), options.progress),
    model,
  };
}

/** The starting weights of a model that nearmiss trained; null, with a warning, for any other or where they are gone. */
export async function untrainedRetriever(
  model: LoadedModel,
  data: RetrievalData,
  engine: Engine,
  warnings: Warnings,
  progress?: Progress,
): Promise<NamedRetriever | null> {
  const manifest =
    "manifest" in model.description ? (model.description.manifest as { readonly start?: StartRecord } | null) : null;
  const start = manifest?.start === undefined ? null : await restart(manifest.start, model.description, warnings);
  if (start === null) {
    warnings.add(
      "no-untrained",
      "the model's manifest names no starting weights that can be had; `untrained` is left out",
    );
    return null;
  }
  const untrained = await openTensors({
    engine,
    description: start.description,
    tensors: start.tensors,
    fingerprint: start.record.fingerprint,
    warnings,
  });
  return {
    name: "untrained",
    kind: "untrained",
    retriever: await denseRetriever("untrained", untrained, data.documents.values(), progress),
  };
}
