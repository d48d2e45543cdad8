import { inputError } from "../base/errors.js";
import { noProgress, type Progress } from "../base/progress.js";
import type { Dataset, RetrievalData } from "../base/types.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { loadData } from "../data/load.js";
import { createEngine } from "../engine/onnxruntime.js";
import { parseMeasures } from "../evaluate/measures.js";
import { evaluateRetrievers, type NamedRetriever } from "../evaluate/retrievers.js";
import { type EvaluationResult, evaluateSystems, type SystemHits } from "../evaluate/systems.js";
import { readRun, writeRun } from "../evaluate/trec-files.js";
import { bm25 } from "../search/bm25.js";
import { fusedRetriever } from "../search/fusion.js";
import { tfIdf } from "../search/tf-idf.js";
import { type Chunking, openRetriever, untrainedRetriever } from "./retrievers.js";

export type Baseline = "bm25" | "tf-idf" | "untrained";

export interface EvaluateOptions {
  /** Files, or data already read. */
  readonly data: string | RetrievalData;
  readonly columns?: Readonly<Record<string, string>>;
  /** Hears what the files were recognised as, before any work starts. */
  readonly recognised?: (data: Dataset) => void;
  /** Cuts documents before they are indexed, for texts longer than a model reads. */
  readonly chunks?: Chunking;
  /** A model folder, `bm25` or `tf-idf`. */
  readonly model: string;
  /** The model's name in the result; default `model`, `bm25` or `tf-idf`. */
  readonly name?: string;
  /** Further models to compare with, under names of their own. */
  readonly beside?: readonly { readonly name: string; readonly model: string }[];
  /** Default `test`. */
  readonly split?: string;
  readonly measures?: string;
  /** Hits a query; default 1000. */
  readonly depth?: number;
  /** Default all three. */
  readonly baselines?: readonly Baseline[];
  /** Adds the reciprocal rank fusion of the model with this one. */
  readonly fuse?: "bm25" | "tf-idf";
  readonly writeRun?: string;
  readonly compareRun?: string;
  readonly keepSelf?: boolean;
  readonly seed?: number;
  readonly threads?: number;
  readonly cache?: string | null;
  readonly warnings?: Warnings;
  readonly progress?: Progress;
}

/** Measures a model beside its baselines on one split. */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationResult> {
  const {
    split = "test",
    depth = 1000,
    warnings = collectWarnings(),
    seed = 1,
    cache = null,
    progress = noProgress,
  } = options;
  const measures = parseMeasures(options.measures ?? "ndcg@10,mrr@10,recall@10,recall@100,hit@1,map@100");
  const data =
    typeof options.data === "string"
      ? await loadData(options.data, { columns: options.columns ?? {}, warnings, recognised: options.recognised })
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
    const opening = { engine, cache, warnings, progress, chunks: options.chunks };
    const opened = await openRetriever(options.model, data.documents, opening);
    const asked = { ...opened, name: options.name ?? opened.name };
    const retrievers: NamedRetriever[] = [asked];
    for (const { name, model } of options.beside ?? []) {
      retrievers.push({ ...(await openRetriever(model, data.documents, opening)), name });
    }
    for (const baseline of options.baselines ?? ["bm25", "tf-idf", "untrained"]) {
      if (baseline === asked.kind) continue;
      if (baseline === "bm25")
        retrievers.push({ name: "bm25", kind: "bm25", retriever: bm25(data.documents.values()) });
      else if (baseline === "tf-idf")
        retrievers.push({ name: "tf-idf", kind: "tf-idf", retriever: tfIdf(data.documents.values()) });
      else if (asked.model !== null) {
        const untrained = await untrainedRetriever(asked.model, data, engine, warnings, progress);
        if (untrained !== null) retrievers.push(untrained);
      }
    }
    if (options.fuse !== undefined) {
      const other = options.fuse === "bm25" ? bm25(data.documents.values()) : tfIdf(data.documents.values());
      retrievers.push({
        name: `${asked.name}+${options.fuse}`,
        kind: "fusion",
        retriever: fusedRetriever([asked.retriever, other]),
      });
    }
    const shared = {
      data,
      split,
      measures,
      seed,
      warnings,
      ...(options.keepSelf === undefined ? {} : { keepSelf: options.keepSelf }),
    };
    const { evaluation, systems } = await evaluateRetrievers({ ...shared, retrievers, depth, progress });
    const [first] = systems;
    if (options.writeRun !== undefined && first !== undefined) await writeRun(options.writeRun, first.hits, "nearmiss");
    if (options.compareRun === undefined) return evaluation.result;
    const other: SystemHits = {
      name: options.compareRun,
      kind: "run",
      fingerprint: "",
      hits: await readRun(options.compareRun),
    };
    return evaluateSystems({ ...shared, systems: [...systems, other] }).result;
  } finally {
    await engine.close();
  }
}
