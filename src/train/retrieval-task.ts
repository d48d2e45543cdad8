import { existsSync } from "node:fs";
import type { RetrievalData } from "../base/types.js";
import { knownPositives, type TrainingRow } from "../data/rows.js";
import { splitOf } from "../data/splits.js";
import { judgedQueries, perQuery } from "../evaluate/per-query.js";
import type { Loss } from "../losses/types.js";
import type { MineOptions } from "../negatives/mine.js";
import { candidateDocuments } from "../negatives/pools.js";
import { denseRetriever } from "../search/dense.js";
import { devSet } from "./dev-set.js";
import { finalEvaluation } from "./final.js";
import { gradCache } from "./grad-cache.js";
import { TRAIN_SPLIT } from "./kinds.js";
import { lossOver } from "./losses.js";
import { type Mining, miningOptions, oneMeasure, requireJudged } from "./mining.js";
import { headPairs, type PairLearner, type RetrievalLearner, textPairs } from "./pair-learner.js";
import { type DrawnNegatives, inTurns, layOutRows, pairBatches } from "./pair-rows.js";
import { refuseLabelledOptions, refuseOtherModel } from "./refuse.js";
import { openRound } from "./round.js";
import { pairStep, wholeBatches } from "./stepper.js";
import type { Task, TaskOptions } from "./task.js";

/** Training on queries and documents. */
export type RetrievalTask = Task<DrawnNegatives> & { readonly learner: RetrievalLearner };

/** Queries with their documents: in-batch negatives, and those drawn from pools of the corpus. */
export async function retrievalTask(options: TaskOptions<RetrievalData>): Promise<RetrievalTask> {
  const { config } = options;
  refuseLabelledOptions(config, "queries with documents");
  refuseOtherModel(config);
  const loss = lossOver(config, "queries with their documents", "pairs");
  return config.vectors === null
    ? pairTask(options, loss, await textPairs({ ...options, loss }))
    : pairTask(options, loss, await headPairs(config.vectors, { ...options, loss }));
}

function pairTask<Item>(
  options: TaskOptions<RetrievalData>,
  loss: Loss<"pairs">,
  learner: PairLearner<Item>,
): RetrievalTask {
  const { config, data, warnings, progress } = options;
  const mining = miningOptions(config);
  const metric = oneMeasure(config.metric);
  const { encoder, current, items, lengthOf } = learner;
  const known = knownPositives(data, [TRAIN_SPLIT]);
  // Grouping by length saves padding.
  const length =
    lengthOf === null
      ? null
      : (row: TrainingRow) => lengthOf(items.query(row.queryId)) + lengthOf(items.document(row.positiveId));
  const batches = pairBatches(data, TRAIN_SPLIT, known, config, length);
  if (batches.leftOut > 0)
    warnings.add(
      "rows-left-out",
      "rows of an epoch found no place, since too many share one query or document; each epoch chooses anew",
      batches.leftOut,
    );
  const { dropout } = config;
  const stepper =
    config.microBatch === null
      ? wholeBatches(learner, dropout, pairStep(learner, encoder, loss, items))
      : gradCache({ learner, encoder, items, lengthOf, loss, dropout }, config.microBatch);
  const dev = devSet(data, splitOf(data, config.devSplit), config.devDocuments);
  requireJudged(data, dev.split);
  const split = splitOf(data, TRAIN_SPLIT);
  const candidates = candidateDocuments(data, split, config.candidates);

  return {
    learner,
    batches,
    mined: mining !== null,
    async prepare(first, count, drawn) {
      const micro = Array.from({ length: count }, (_, i) => batches.at(first + i));
      const layouts = micro.map(({ batch, epoch }) =>
        layOutRows(batch, epoch, drawn, known, loss.scope, batches.share),
      );
      for (const { rows, columns } of layouts) {
        await inTurns(rows, (row) => items.query(row.queryId));
        await inTurns(columns, items.document);
      }
      return {
        epoch: micro[0]?.epoch ?? 0,
        counts: { documents: layouts.reduce((sum, layout) => sum + layout.columns.length, 0) },
        run: stepper.prepare(layouts),
      };
    },
    async evaluateDev() {
      const retriever = await denseRetriever("model", current, dev.documents, { progress });
      const judged = new Set(judgedQueries(dev.split));
      const queries = dev.queries.filter((query) => judged.has(query.id));
      const found = await retriever.search(queries, metric.k + 1);
      const hits = new Map(queries.map((query, i) => [query.id, found[i] as (typeof found)[number]]));
      const values = perQuery(hits, dev.split, [...judged], [metric]);
      return Object.fromEntries(
        [...values].map(([name, column]) => [name, column.reduce((a, b) => a + b, 0) / column.length]),
      );
    },
    async openRound({ file, round, epochs }) {
      // Encoding is needed only where the pools are not there yet.
      const retriever =
        file !== null && existsSync(file)
          ? null
          : await denseRetriever("model", current, candidates.values(), { progress });
      const request = {
        data,
        split,
        documents: candidates,
        depth: config.depth,
        similarity: current.similarity,
        scale: loss.scale,
        round,
        seed: config.seed,
        block: 1024,
        warnings,
        progress,
      };
      return openRound(file, { ...request, ...(mining as Mining), ...searching(retriever) }, epochs);
    },
    evaluateFinally: () => finalEvaluation({ learner, data, config, warnings, progress }),
  };
}

function searching(
  retriever: Awaited<ReturnType<typeof denseRetriever>> | null,
): Pick<MineOptions, "retriever" | "scorePairs"> {
  const absent = () => Promise.reject(new Error("the pools are read from their file"));
  return retriever === null
    ? { retriever: { name: "file", fingerprint: "", search: absent }, scorePairs: absent }
    : { retriever, scorePairs: (pairs) => retriever.scorePairs(pairs) };
}
