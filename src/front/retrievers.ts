import { inputError } from "../base/errors.js";
import type { Progress } from "../base/progress.js";
import type { RetrievalData, ScoringRetriever, Similarity, TextItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { isMlpFolder } from "../checkpoint/index.js";
import { chunkDocuments } from "../data/chunks.js";
import type { GivenVectors } from "../data/given-vectors.js";
import { loadTokenizer } from "../data/tokenize.js";
import { type HostedUsage, isHosted } from "../encode/hosted.js";
import { type Model, openTensors } from "../encode/model.js";
import type { Engine } from "../engine/types.js";
import type { NamedRetriever } from "../evaluate/retrievers.js";
import { bm25 } from "../search/bm25.js";
import { denseRetriever, type TextVectors } from "../search/dense.js";
import { type FoldBy, foldedRetriever } from "../search/fold.js";
import { givenVectors } from "../search/given.js";
import { type Indexes, type IndexOptions, openIndexes } from "../search/indexes.js";
import { tfIdf } from "../search/tf-idf.js";
import { restart, type StartRecord } from "../train/start.js";
import { headVectors } from "./head.js";
import { hostedModel, type LoadedModel, type LoadOptions, load } from "./load.js";

/** A model by name: `bm25`, `tf-idf`, `vectors` (those given), a folder, or a URL. */
export interface OpenedRetriever extends NamedRetriever {
  readonly retriever: ScoringRetriever;
  /** What its scores are. */
  readonly similarity: Similarity | "bm25";
  /** The loaded model, where it is a folder's of texts. */
  readonly model: LoadedModel | null;
  /** What a model behind a URL was asked for so far. */
  readonly usage?: () => HostedUsage;
}

/** How documents are cut before they are indexed, and how scores of their chunks become theirs. */
export interface Chunking {
  /** Tokens of the model, or words where its tokens are not known (`bm25`, `tf-idf`, a URL), a chunk. */
  readonly size: number;
  /** From one chunk's beginning to the next one's; default `size`. */
  readonly stride?: number;
  /** Default `max`. */
  readonly fold?: FoldBy;
}

export interface OpenRetrieverOptions extends LoadOptions {
  readonly engine: Engine;
  readonly progress?: Progress | undefined;
  readonly chunks?: Chunking | undefined;
  /** How vectors are searched. */
  readonly indexes?: Indexes | undefined;
  /** What `vectors` names. */
  readonly given?: GivenVectors | undefined;
}

/** How the vectors of some models are searched, where that was said. Throws where none of the models has vectors. */
export function indexesOf(
  models: readonly string[],
  { index, ...options }: { readonly index?: IndexOptions; readonly seed?: number; readonly threads?: number },
): Indexes | undefined {
  if (index === undefined) return undefined;
  if (models.every((name) => name === "bm25" || name === "tf-idf"))
    throw inputError("bad-usage", "only vectors can be put into an index", {
      field: "index",
      found: models.join(", "),
    });
  return openIndexes({ ...options, ...index });
}

/** The name of given vectors among models. */
export const VECTORS = "vectors";

/** Opens what `--model` names over the given documents, or over chunks of them. */
export async function openRetriever(
  name: string,
  documents: ReadonlyMap<string, TextItem>,
  options: OpenRetrieverOptions,
): Promise<OpenedRetriever> {
  const { chunks } = options;
  if (chunks !== undefined && readsVectors(name))
    throw inputError("bad-usage", "given vectors are of whole documents, not of their chunks", { field: "chunks" });
  const { index, ...opened } = await openIndexer(name, options);
  if (chunks === undefined) return { ...opened, retriever: await index(documents) };
  const lengthOf = opened.model === null ? {} : { lengthOf: tokensIn(opened.model) };
  const cut = chunkDocuments(documents.values(), { ...chunks, ...lengthOf });
  return { ...opened, retriever: await foldedRetriever(cut, chunks.fold ?? "max", index) };
}

/** What turns documents, or chunks of them, into a retriever. */
type Indexer = Omit<OpenedRetriever, "retriever"> & {
  readonly index: (documents: ReadonlyMap<string, TextItem>) => Promise<ScoringRetriever>;
};

async function openIndexer(name: string, options: OpenRetrieverOptions): Promise<Indexer> {
  const lexical = { name, similarity: "bm25", model: null } as const;
  if (name === "bm25") return { ...lexical, kind: "bm25", index: async (documents) => bm25(documents.values()) };
  if (name === "tf-idf") return { ...lexical, kind: "tf-idf", index: async (documents) => tfIdf(documents.values()) };
  if (readsVectors(name)) {
    const given = givenOf(name, options);
    const vectors =
      name === VECTORS ? givenVectors(given, options.engine) : await headVectors(name, given, options.engine);
    const { similarity } = vectors;
    const index: Indexer["index"] = (documents) => denseRetriever(name, vectors, documents.values(), options);
    return { name: name === VECTORS ? name : "model", kind: "model", similarity, model: null, index };
  }
  const { vectors, ...opened } = await openVectors(name, options);
  return {
    ...opened,
    name: "model",
    kind: "model",
    similarity: vectors.similarity,
    index: (documents) => denseRetriever("model", vectors, documents.values(), options),
  };
}

/** Opens a folder or a URL for its vectors; `model` is the loaded one, where it is a folder's. */
export async function openVectors(
  name: string,
  options: LoadOptions & { readonly engine: Engine },
): Promise<{ readonly vectors: TextVectors } & Pick<OpenedRetriever, "model" | "usage">> {
  if (isHosted(name)) {
    const { usage, ...hosted } = hostedModel(name, options);
    return { vectors: { ...hosted, engine: options.engine }, model: null, usage };
  }
  const model = await load(name, options);
  return { vectors: model, model };
}

/** Whether a model takes given vectors: it is these, or a head on them. */
export function readsVectors(name: string): boolean {
  return name === VECTORS || (!isHosted(name) && isMlpFolder(name));
}

function givenOf(name: string, { given }: OpenRetrieverOptions): GivenVectors {
  if (given !== undefined) return given;
  throw inputError("bad-usage", "there are no vectors of the queries and documents", {
    field: "model",
    found: name,
    expected: "--vectors QUERIES.npy DOCUMENTS.npy",
  });
}

/** Counts the tokens of a word in the middle of a text, each word once. */
function tokensIn({ description }: LoadedModel): (word: string) => number {
  const { tokenizerJson, tokenizerConfig } = description;
  const tokenizer = loadTokenizer(tokenizerJson, tokenizerConfig, {});
  const known = new Map<string, number>();
  return (word) => {
    const before = known.get(word);
    if (before !== undefined) return before;
    const length = tokenizer.encode(` ${word}`, { addSpecialTokens: false }).length;
    known.set(word, length);
    return length;
  };
}

/** The starting weights of a model that nearmiss trained; null, with a warning, for any other or where they are gone. */
export async function untrainedModel(model: LoadedModel, engine: Engine, warnings: Warnings): Promise<Model | null> {
  const manifest =
    "manifest" in model.description ? (model.description.manifest as { readonly start?: StartRecord } | null) : null;
  const start = manifest?.start === undefined ? null : await restart(manifest.start, model.description, warnings);
  if (start === null) {
    warnOfNoStart(warnings);
    return null;
  }
  return openTensors({
    engine,
    description: start.description,
    tensors: start.tensors,
    fingerprint: start.record.fingerprint,
    warnings,
  });
}

export function warnOfNoStart(warnings: Warnings): void {
  warnings.add(
    "no-untrained",
    "the model's manifest names no starting weights that can be had; `untrained` is left out",
  );
}

/** `untrainedModel` as a retriever over the documents. */
export async function untrainedRetriever(
  model: LoadedModel,
  data: RetrievalData,
  engine: Engine,
  warnings: Warnings,
  progress?: Progress,
): Promise<NamedRetriever | null> {
  const untrained = await untrainedModel(model, engine, warnings);
  if (untrained === null) return null;
  return {
    name: "untrained",
    kind: "untrained",
    retriever: await denseRetriever("untrained", untrained, data.documents.values(), { progress }),
  };
}
