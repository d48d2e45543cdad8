import type { RetrievalData, Retriever } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { splitOf } from "../data/splits.js";
import type { Measure } from "./measures.js";
import { judgedQueries } from "./per-query.js";
import { retrieve } from "./retrieve.js";
import { type Evaluation, evaluateSystems, type SystemHits, type SystemKind } from "./systems.js";

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
}

/** Lets every retriever answer the judged queries of a split and measures what they found. */
export async function evaluateRetrievers(
  options: EvaluateRetrieversOptions,
): Promise<{ readonly evaluation: Evaluation; readonly systems: readonly SystemHits[] }> {
  const { data, depth, retrievers } = options;
  const queries = judgedQueries(splitOf(data, options.split));
  const systems: SystemHits[] = [];
  for (const { name, kind, retriever } of retrievers) {
    const hits = await retrieve(retriever, data, queries, depth, options);
    systems.push({ name, kind, fingerprint: retriever.fingerprint, hits });
  }
  return { evaluation: evaluateSystems({ ...options, systems }), systems };
}
