import { inputError } from "../base/errors.js";
import type { Progress } from "../base/progress.js";
import type { Dataset, LabelledData, RetrievalData, ScoredData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import type { VectorPair } from "../data/given-vectors.js";
import type { HostedUsage } from "../encode/hosted.js";
import type { Engine } from "../engine/types.js";
import type { EvaluationResult } from "../evaluate/results.js";
import type { IndexOptions } from "../search/indexes.js";
import { type Chunking, VECTORS } from "./retrievers.js";

export type Baseline = "bm25" | "tf-idf" | "untrained";

export interface EvaluateOptions {
  /** Files, or data already read. */
  readonly data: string | RetrievalData | LabelledData | ScoredData;
  readonly columns?: Readonly<Record<string, string>>;
  /** Hears what the files were recognised as, before any work starts. */
  readonly recognised?: (data: Dataset) => void;
  /** Cuts documents before they are indexed, for texts longer than a model reads. */
  readonly chunks?: Chunking;
  /** How vectors of documents are searched; default exact. */
  readonly index?: IndexOptions;
  /**
   * A model folder, a URL, `bm25`, `tf-idf`, or `vectors`: those given, which is the default where some are; for labelled pictures and vectors a network's folder, or `raw`:
   * as they are.
   */
  readonly model?: string;
  /** Another model's vectors of the queries and documents. They are one of the systems. */
  readonly vectors?: VectorPair;
  /** The model's name in the result; default `model`, `bm25`, `tf-idf` or `raw`. */
  readonly name?: string;
  /** Further models to compare with, under names of their own. */
  readonly beside?: readonly { readonly name: string; readonly model: string; readonly price?: number }[];
  /** What a million tokens of `model` cost, where it is behind a URL. */
  readonly price?: number;
  /** Default `test`. */
  readonly split?: string;
  /** Names parted by commas; the default depends on the kind of the data. */
  readonly measures?: string;
  /** Hits a query; default 1000. */
  readonly depth?: number;
  /** Default all that the kind of the data has: labelled items have `untrained` (and `raw`, where they are no texts). */
  readonly baselines?: readonly Baseline[];
  /** Adds the reciprocal rank fusion of the model with this one. */
  readonly fuse?: "bm25" | "tf-idf";
  /** Adds the model reranked by this cross-encoder, a folder. */
  readonly rerank?: string;
  /** Documents reranked a query; default 100. */
  readonly rerankDepth?: number;
  readonly writeRun?: string;
  /** A TREC run as a further system. */
  readonly compareRun?: string;
  /** Where each query's values and differences are written, as JSON lines. */
  readonly perQuery?: string;
  readonly keepSelf?: boolean;
  readonly seed?: number;
  readonly threads?: number;
  readonly cache?: string | null;
  readonly warnings?: Warnings;
  readonly progress?: Progress;
}

/** What a model behind a URL was asked for by an evaluation: less where vectors were in the cache. */
export interface SystemUsage extends HostedUsage {
  readonly name: string;
  /** In units of the price; there where a price was given and the server counts tokens. */
  readonly cost?: number;
}

export interface Evaluated extends EvaluationResult {
  /** Of systems behind a URL. */
  readonly usage?: readonly SystemUsage[];
}

/** A model to measure, under the name it was given. */
export interface AskedModel {
  readonly name: string | undefined;
  readonly model: string;
  readonly price?: number | undefined;
}

/** What an evaluation works with, whatever the kind of its data. */
export interface EvaluationContext {
  readonly options: EvaluateOptions;
  /** The model asked for, and those beside it. */
  readonly models: readonly [AskedModel, ...AskedModel[]];
  /** Takes note of a model that may cost. */
  readonly paid: (
    system: { readonly name: string; readonly price?: number | undefined },
    usage?: () => HostedUsage,
  ) => void;
  readonly engine: Engine;
  readonly split: string;
  readonly seed: number;
  readonly cache: string | null;
  readonly warnings: Warnings;
  readonly progress: Progress;
}

/** The models in their order; given vectors come first where nothing else is asked for, else last unless a model is made of them. */
export function modelsOf({ model, name, price, beside = [], vectors }: EvaluateOptions): EvaluationContext["models"] {
  const asked = model ?? (vectors === undefined ? undefined : VECTORS);
  if (asked === undefined)
    throw inputError("usage", "there is nothing to evaluate", { field: "model", expected: "--model, or --vectors" });
  const models = [{ name, model: asked, price }, ...beside] as const;
  const absent = vectors !== undefined && models.every((one) => one.model !== VECTORS);
  return absent ? [...models, { name: VECTORS, model: VECTORS }] : [...models];
}

/** Refuses options that only queries with documents know. */
export function refuseRetrievalOptions(kind: string, { options }: EvaluationContext): void {
  const given = (
    ["fuse", "rerank", "writeRun", "compareRun", "perQuery", "chunks", "depth", "index", "vectors"] as const
  ).find((name) => options[name] !== undefined);
  if (given !== undefined) throw inputError("bad-usage", `${kind} are not retrieved from documents`, { field: given });
}

/** The names of `measures`, or the default ones. */
export function measureNames({ options }: EvaluationContext, defaults: readonly string[]): readonly string[] {
  if (options.measures === undefined) return defaults;
  return [...new Set(options.measures.split(",").map((name) => name.trim()))].filter((name) => name !== "");
}
