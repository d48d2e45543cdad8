import { existsSync } from "node:fs";
import { inputError } from "../base/errors.js";
import type { Hits, RetrievalData, Retriever } from "../base/types.js";
import { type KnownPositives, knownPositives, type TrainingRow, trainingRows } from "../data/rows.js";
import { splitOf } from "../data/splits.js";
import { judgedQueries, perQuery } from "../evaluate/per-query.js";
import { candidateDocuments } from "../negatives/pools.js";
import type { Sequence } from "../nn/encoder.js";
import { type QueryDocument, type Reranker, rerank } from "../search/rerank.js";
import { finalReranking } from "./cross-encoder-final.js";
import { crossEncoderLearner } from "./cross-encoder-learner.js";
import { type List, listFeeds, listSpec } from "./cross-encoder-program.js";
import { endless, shuffled } from "./endless.js";
import { finalSplit } from "./final.js";
import { openFirstStage } from "./first-stage.js";
import { TRAIN_SPLIT } from "./kinds.js";
import { lossOver } from "./losses.js";
import { miningOptions, oneMeasure, requireJudged } from "./mining.js";
import { type DrawnNegatives, inTurns } from "./pair-rows.js";
import { openRound } from "./round.js";
import { wholeBatches } from "./stepper.js";
import type { Task, TaskOptions } from "./task.js";
import { vocabularyTexts } from "./vocabulary-texts.js";

/**
 * A cross-encoder on queries and documents: each row is a list of one positive with negatives that came with the data, or were drawn from what the first
 * stage finds. It is measured as a system: first stage, then rerank.
 */
export async function crossEncoderLists(options: TaskOptions<RetrievalData>): Promise<Task<DrawnNegatives>> {
  const { config, data, engine, warnings, progress } = options;
  const loss = lossOver(config, "lists that a cross-encoder ranks", "logits");
  const mining = miningOptions(config);
  const metric = oneMeasure(config.metric);
  checkPool(config);
  const rows = trainingRows(data, TRAIN_SPLIT);
  if (rows.length < 2)
    throw inputError("too-few-rows", "training needs at least two pairs of a query and a relevant document", {
      file: data.source,
      found: `${rows.length} in the split ${TRAIN_SPLIT}`,
    });
  if (mining === null && rows.every(({ negativeIds = [] }) => negativeIds.length === 0))
    throw inputError("no-negatives", "the data have no negatives, and none are drawn", {
      file: data.source,
      field: "sampler",
      found: config.sampler,
      hint: "choose another sampler: a cross-encoder sees no other row's documents",
    });
  const dev = splitOf(data, config.devSplit);
  requireJudged(data, dev);
  const first = await openFirstStage(config.firstStage, engine, warnings);
  const texts = () => vocabularyTexts(data);
  const learner = await crossEncoderLearner({ engine, config, warnings, loss, labels: 1, texts });
  const { encoder, lossParameters } = learner;
  const sequence = (query: string, document: string) => learner.sequence(textsOf(data, query, document));
  const known = knownPositives(data, [TRAIN_SPLIT]);
  const batches = endless((epoch) => shuffled(rows, config.batchSize, config.seed, epoch));
  const stepper = wholeBatches<readonly List[]>(learner, config.dropout, {
    spec: (forward) => listSpec(encoder, loss, lossParameters, forward),
    collate(lists, wantedGroups) {
      const collated = encoder.collate(lists.flat(), wantedGroups);
      return { ...collated, feeds: { ...collated.feeds, ...listFeeds(lists, collated.place) } };
    },
  });
  const split = splitOf(data, TRAIN_SPLIT);
  const candidates = candidateDocuments(data, split, config.candidates);
  const judged = judgedQueries(dev);
  const queries = judged.flatMap((id) => data.queries.get(id) ?? []);
  const ofDev = new Map<string, Sequence>();
  // The first stage stays as it is, so it is asked once.
  let found: { readonly retriever: Retriever; readonly dev: Retriever } | null = null;
  const firstStage = async () => {
    if (found !== null) return found;
    const retriever = await first.index(data.documents.values(), progress);
    const hits = await retriever.search(queries, Math.max(metric.k + 1, config.devDepth));
    const { name, fingerprint } = retriever;
    found = { retriever, dev: { name, fingerprint, search: async () => hits } };
    return found;
  };
  const reranker: Reranker = {
    name: "rerank",
    fingerprint: "in-training",
    score: (query, documents) => scorePairs(documents.map((document) => ({ query, document }))),
    scorePairs,
  };

  return {
    learner: {
      ...learner,
      async release() {
        await first.release();
        await learner.release();
      },
    },
    batches,
    mined: mining !== null,
    poolStays: true,
    finalEvaluations:
      (2 * (judgedQueries(splitOf(data, finalSplit(data, config.devSplit))).length * config.rerankDepth)) /
      (judged.length * Math.min(config.devDepth, data.documents.size)),
    async prepare(place, count, drawn) {
      const micro = Array.from({ length: count }, (_, i) => batches.at(place + i));
      const lists: List[][] = [];
      for (const { batch, epoch } of micro) {
        const made: List[] = [];
        await inTurns(batch, (row) => {
          made.push(documentsOf(row, epoch, drawn, known).map((document) => sequence(row.queryId, document)));
        });
        lists.push(made);
      }
      return {
        epoch: micro[0]?.epoch ?? 0,
        counts: { encoded: lists.flat(2).length },
        run: stepper.prepare(lists),
      };
    },
    async evaluateDev() {
      const { dev: retriever } = await firstStage();
      const system = rerank(retriever, { ...reranker, scorePairs: scoreDevPairs }, { ...data, depth: config.devDepth });
      const ranked = await system.search(queries, metric.k + 1);
      const hits = new Map(queries.map(({ id }, i) => [id, ranked[i] as Hits]));
      const values = perQuery(hits, dev, judged, [metric]);
      return Object.fromEntries([...values].map(([name, column]) => [name, mean(column)]));
    },
    async openRound({ file, round, epochs }) {
      const retriever = file !== null && existsSync(file) ? null : await first.index(candidates.values(), progress);
      const absent = () => Promise.reject(new Error("the pools are read from their file"));
      const request = {
        data,
        split,
        documents: candidates,
        depth: config.depth,
        similarity: first.similarity,
        scale: first.similarity === "bm25" ? 1 : 20,
        round,
        seed: config.seed,
        block: 1024,
        warnings,
        progress,
        retriever: retriever ?? { name: "file", fingerprint: "", search: absent },
        scorePairs: retriever === null ? absent : retriever.scorePairs,
      };
      return openRound(file, { ...request, ...(mining as NonNullable<typeof mining>) }, epochs);
    },
    evaluateFinally: async () =>
      finalReranking({ learner, reranker, first: (await firstStage()).retriever, stage: first.name, ...options }),
  };

  async function scorePairs(pairs: readonly QueryDocument[]): Promise<Float32Array> {
    const all = pairs.map(({ query, document }) => learner.sequence([query.text, document.text]));
    return (await learner.classify(all, progress)).data;
  }

  /** Those of dev come again in every evaluation, so their tokens are kept. */
  async function scoreDevPairs(pairs: readonly QueryDocument[]): Promise<Float32Array> {
    const all = pairs.map(({ query, document }) => {
      const key = JSON.stringify([query.id, document.id]);
      const made = ofDev.get(key) ?? sequence(query.id, document.id);
      ofDev.set(key, made);
      return made;
    });
    return (await learner.classify(all)).data;
  }
}

/** Throws where a pool would be built from weights: what the first stage finds stays the same. */
function checkPool({ mineFrom, refreshEvery }: TaskOptions<RetrievalData>["config"]): void {
  const wrong = (field: string, found: number, expected: string) =>
    inputError("bad-config", "the negatives of a cross-encoder come from its first stage, which stays as it is", {
      field,
      found: String(found),
      expected,
    });
  if (mineFrom !== 0) throw wrong("mineFrom", mineFrom, "0");
  if (refreshEvery !== null) throw wrong("refreshEvery", refreshEvery, "null");
}

function textsOf(data: RetrievalData, query: string, document: string): readonly [string, string] {
  const [first, second] = [data.queries.get(query), data.documents.get(document)];
  if (first === undefined || second === undefined) throw new Error(`no texts for ${query} and ${document}`);
  return [first.text, second.text];
}

/** A row's positive and its negatives, each once; known positives are never negatives, whatever drew them. */
function documentsOf(
  row: TrainingRow,
  epoch: number,
  drawn: DrawnNegatives | null,
  known: KnownPositives,
): readonly string[] {
  const positives = known.get(row.queryId);
  const negatives = [...(row.negativeIds ?? []), ...(drawn?.(row, epoch) ?? [])];
  return [row.positiveId, ...[...new Set(negatives)].filter((id) => positives?.has(id) !== true)];
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
