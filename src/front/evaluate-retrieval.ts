import { basename } from "node:path";
import { inputError } from "../base/errors.js";
import { fileFingerprint } from "../base/fingerprint.js";
import type { RetrievalData, Retriever, TextItem } from "../base/types.js";
import { readGivenVectors } from "../data/given-vectors.js";
import { openCrossEncoder, type PairScorer } from "../encode/cross-encoder.js";
import { parseMeasures } from "../evaluate/measures.js";
import { writePerQuery } from "../evaluate/per-query-file.js";
import type { EvaluationResult } from "../evaluate/results.js";
import { evaluateRetrievers, type NamedRetriever } from "../evaluate/retrievers.js";
import { defaultMeasures, evaluateSystems, type SystemHits } from "../evaluate/systems.js";
import { readRun, writeRun } from "../evaluate/trec-files.js";
import { bm25 } from "../search/bm25.js";
import { fusedRetriever } from "../search/fusion.js";
import { type QueryDocument, rerank } from "../search/rerank.js";
import { tfIdf } from "../search/tf-idf.js";
import type { AskedModel, EvaluationContext } from "./evaluate-options.js";
import { indexesOf, openRetriever, untrainedRetriever } from "./retrievers.js";

/** A model beside its baselines on queries and documents. */
export async function evaluateRetrieval(data: RetrievalData, context: EvaluationContext): Promise<EvaluationResult> {
  const { options, paid, engine, split, seed, cache, warnings, progress } = context;
  const measures = options.measures === undefined ? defaultMeasures : parseMeasures(options.measures);
  const given = options.vectors === undefined ? undefined : await readGivenVectors(options.vectors, data);
  const indexes = indexesOf(
    context.models.map(({ model }) => model),
    options,
  );
  const opening = { engine, cache, warnings, progress, chunks: options.chunks, given, indexes };
  const open = async ({ name, model, price }: AskedModel) => {
    const opened = await openRetriever(model, data.documents, opening);
    const named = { ...opened, name: name ?? opened.name };
    paid({ name: named.name, price }, opened.usage);
    return named;
  };
  const [first, ...others] = context.models;
  const asked = await open(first);
  const retrievers: NamedRetriever[] = [asked];
  for (const other of others) retrievers.push(await open(other));
  const kinds = new Set(retrievers.map(({ kind }) => kind));
  for (const baseline of options.baselines ?? ["bm25", "tf-idf", "untrained"]) {
    if (kinds.has(baseline)) continue;
    if (baseline === "bm25") retrievers.push({ name: "bm25", kind: "bm25", retriever: bm25(data.documents.values()) });
    else if (baseline === "tf-idf")
      retrievers.push({ name: "tf-idf", kind: "tf-idf", retriever: tfIdf(data.documents.values()) });
    else if (asked.model !== null) {
      const untrained = await untrainedRetriever(asked.model, data, engine, warnings, progress);
      if (untrained !== null) retrievers.push(untrained);
    }
  }
  if (options.fuse !== undefined) {
    const other = options.fuse === "bm25" ? bm25(data.documents.values()) : tfIdf(data.documents.values());
    const retriever = fusedRetriever([asked.retriever, other]);
    retrievers.push({ name: `${asked.name}+${options.fuse}`, kind: "fusion", retriever });
  }
  const scorer = options.rerank === undefined ? null : await openCrossEncoder(options.rerank, { engine, warnings });
  if (scorer !== null)
    retrievers.push({
      name: `${asked.name}+rerank`,
      kind: "fusion",
      retriever: reranked(asked.retriever, scorer, data, options.rerankDepth),
    });
  const shared = {
    data,
    split,
    measures,
    seed,
    warnings,
    ...(options.keepSelf === undefined ? {} : { keepSelf: options.keepSelf }),
  };
  const depth = options.depth ?? 1000;
  const found = await evaluateRetrievers({ ...shared, retrievers, depth, progress });
  await scorer?.release();
  const [own] = found.systems;
  if (options.writeRun !== undefined && own !== undefined) await writeRun(options.writeRun, own.hits, "nearmiss");
  const evaluation =
    options.compareRun === undefined
      ? found.evaluation
      : evaluateSystems({
          ...shared,
          systems: [...found.systems, await systemOfRun(options.compareRun, found.evaluation.queries, context)],
        });
  if (options.perQuery !== undefined) await writePerQuery(options.perQuery, evaluation);
  if (indexes === undefined) return evaluation.result;
  return { ...evaluation.result, indexes: await indexes.reports() };
}

function reranked(
  retriever: Retriever,
  scorer: PairScorer,
  { documents }: RetrievalData,
  depth: number | undefined,
): Retriever {
  const reranker = {
    name: "rerank",
    fingerprint: scorer.fingerprint,
    score: (query: TextItem, some: readonly TextItem[]) =>
      scorer.scorePairs(some.map(({ text }) => [query.text, text] as const)),
    scorePairs: (pairs: readonly QueryDocument[]) =>
      scorer.scorePairs(pairs.map(({ query, document }) => [query.text, document.text] as const)),
  };
  return rerank(retriever, reranker, { documents, ...(depth === undefined ? {} : { depth }) });
}

/** A run of another system. Queries that it lacks count 0, as they do for every system; a run that has none of them is an error. */
async function systemOfRun(
  path: string,
  queries: readonly string[],
  { warnings }: EvaluationContext,
): Promise<SystemHits> {
  const hits = await readRun(path);
  const missing = queries.filter((query) => !hits.has(query)).length;
  if (missing === queries.length)
    throw inputError("no-common-queries", "the run has none of the judged queries", {
      file: path,
      found: [...hits.keys()].slice(0, 3).join(", "),
      expected: queries.slice(0, 3).join(", "),
    });
  if (missing > 0) warnings.add("missing-queries", `judged queries are not in ${basename(path)} and count 0`, missing);
  return { name: path, kind: "run", fingerprint: await fileFingerprint(path), hits };
}
