import type { Hits, RetrievalData, Retriever } from "../base/types.js";
import type { NamedRetriever } from "../evaluate/retrievers.js";
import type { SystemHits } from "../evaluate/systems.js";
import { bm25 } from "../search/bm25.js";
import { type Reranker, rerank } from "../search/rerank.js";
import { tfIdf } from "../search/tf-idf.js";
import type { CrossEncoderLearner } from "./cross-encoder-learner.js";
import { evaluatedFinally, finalSplit } from "./final.js";
import type { FirstStage } from "./first-stage.js";
import type { FinalEvaluation, TaskOptions } from "./task.js";

export interface FinalRerankingOptions extends TaskOptions<RetrievalData> {
  readonly learner: CrossEncoderLearner;
  readonly reranker: Reranker;
  /** The first stage over all documents. */
  readonly first: Retriever;
  readonly stage: FirstStage["name"];
}

/**
 * First stage and cross-encoder as one system, beside the first stage alone, BM25, TF-IDF and the first stage reranked by the untrained model; on the test split where
 * there is one, else on the dev split.
 */
export async function finalReranking(options: FinalRerankingOptions): Promise<FinalEvaluation> {
  const { learner, reranker, first, stage, data, config, warnings, progress } = options;
  const split = finalSplit(data, config.devSplit);
  const untrained = await learner.untrained();
  const beginning: Reranker = {
    name: "untrained",
    fingerprint: learner.start.fingerprint,
    score: (query, documents) => untrained.scorePairs(documents.map(({ text }) => [query.text, text])),
    scorePairs: (pairs) => untrained.scorePairs(pairs.map(({ query, document }) => [query.text, document.text])),
  };
  const depth = { documents: data.documents, depth: config.rerankDepth };
  const retrievers: NamedRetriever[] = [
    { name: `${stage}+rerank`, kind: "model", retriever: rerank(first, reranker, depth) },
    ...(stage === "bm25" ? [] : [{ name: stage, kind: "fusion" as const, retriever: first }]),
    { name: "bm25", kind: "bm25", retriever: stage === "bm25" ? first : bm25(data.documents.values()) },
    { name: "tf-idf", kind: "tf-idf", retriever: tfIdf(data.documents.values()) },
    { name: `${stage}+untrained`, kind: "untrained", retriever: rerank(first, beginning, depth) },
  ];
  const found = await evaluatedFinally({ data, config, warnings, progress }, split, retrievers, (model) =>
    reranked(model, config.rerankDepth),
  );
  await untrained.release();
  return found;
}

/** What was reranked: the scores of the others are the first stage's. */
function reranked(system: SystemHits, depth: number): SystemHits {
  const cut = ({ ids, scores }: Hits): Hits => ({ ids: ids.slice(0, depth), scores: scores.slice(0, depth) });
  return { ...system, hits: new Map(Array.from(system.hits, ([query, hits]) => [query, cut(hits)])) };
}
