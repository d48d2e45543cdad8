import { noProgress, type Progress } from "../base/progress.js";
import type { Hits, RetrievalData, Retriever } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { splitOf } from "../data/splits.js";
import type { Measure } from "./measures.js";
import { measuredQueries } from "./per-query.js";
import { retrieve } from "./retrieve.js";
import { defaultMeasures, type Evaluation, evaluateSystems, type SystemHits, type SystemKind } from "./systems.js";

/** A retriever under the name and kind that results show. */
export interface NamedRetriever {
  readonly name: string;
  readonly kind: SystemKind;
  readonly retriever: Retriever;
}

export interface EvaluateRetrieversOptions {
  readonly data: RetrievalData;
  readonly split: string;
  /** The one asked for comes first. */
  readonly retrievers: readonly NamedRetriever[];
  /** Hits a query. */
  readonly depth: number;
  readonly measures?: readonly Measure[];
  readonly keepSelf?: boolean;
  readonly seed?: number;
  readonly warnings?: Warnings;
  readonly progress?: Progress;
}

/** Queries that are answered between two reports of progress. */
const block = 512;

/** Lets every retriever answer the judged queries of a split and measures what they found. */
export async function evaluateRetrievers(
  options: EvaluateRetrieversOptions,
): Promise<{ readonly evaluation: Evaluation; readonly systems: readonly SystemHits[] }> {
  const { data, depth, retrievers, progress = noProgress } = options;
  const queries = measuredQueries(data, splitOf(data, options.split), options.measures ?? defaultMeasures);
  const systems: SystemHits[] = [];
  for (const { name, kind, retriever } of retrievers) {
    const hits = new Map<string, Hits>();
    for (let start = 0; start < queries.length; start += block) {
      const some = await retrieve(retriever, data, queries.slice(start, start + block), depth, options);
      for (const [id, found] of some) hits.set(id, found);
      const done = systems.length * queries.length + hits.size;
      progress({ stage: "evaluate", done, total: retrievers.length * queries.length, note: name });
    }
    systems.push({ name, kind, fingerprint: retriever.fingerprint, hits });
  }
  return { evaluation: evaluateSystems({ ...options, systems }), systems };
}
