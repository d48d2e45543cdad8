import { rng } from "../base/rng.js";
import type { RetrievalData } from "../base/types.js";
import { splitOf } from "../data/splits.js";
import { judgedQueries } from "../evaluate/per-query.js";
import { evaluateRetrievers, type NamedRetriever } from "../evaluate/retrievers.js";
import { candidateDocuments } from "../negatives/pools.js";
import { bm25 } from "../search/bm25.js";
import { tfIdf } from "../search/tf-idf.js";
import type { TrainConfig } from "./config.js";
import { DEPTH } from "./final.js";
import { TRAIN_SPLIT, type TrainingData } from "./kinds.js";
import type { DrawnNegatives } from "./pair-rows.js";
import type { Session } from "./session.js";

/** Estimates from a few measured updates: they differ from run to run. */
export interface DryRunTiming {
  /** An update; with drawn negatives where the run draws some. */
  readonly stepSeconds: number;
  readonly estimatedSeconds: number;
  /** The most memory that the process held, with an allowance for garbage, and what later parts of the run hold besides. */
  readonly memoryBytes: number;
}

/** Updates that are timed, after one that compiles. */
const TIMED = 2;

/** Seconds of encoding up to which a round of negatives is built to be timed. */
const BUILT = 10;

/** What a whole run holds above a few updates of it, in garbage not yet collected: 1.2 to 1.45 in runs of static models. */
const GARBAGE = 1.3;

/** Bytes of a candidate of a pool, object and id included. */
const CANDIDATE = 100;

/**
 * Makes a few updates, with negatives where the run draws some, an evaluation on the development split and the lexical baselines, and multiplies. `prepareSeconds` is what
 * reading and preparing took.
 */
export async function estimate(
  session: Session<unknown>,
  data: TrainingData,
  config: TrainConfig,
  prepareSeconds: number,
): Promise<DryRunTiming> {
  const { plan, task } = session;
  const plainStep = await stepSeconds(session, task.poolStays === true ? await firstRound(session) : null);
  const evaluation = await seconds(() => task.evaluateDev());
  const evaluations = evaluation * plan.evaluations.length;
  if (data.kind !== "retrieval" || task.finalEvaluations !== undefined) {
    // The final evaluation measures the model and its beginning.
    const final = evaluation * (task.finalEvaluations ?? 2 * splitRatio(data, config));
    const estimatedSeconds = prepareSeconds + plainStep * plan.total + evaluations + final;
    return { stepSeconds: plainStep, estimatedSeconds, memoryBytes: peak() };
  }

  const split = splitOf(data, TRAIN_SPLIT);
  const candidates = candidateDocuments(data, split, config.candidates);
  const dev = splitOf(data, config.devSplit).judgements.size;
  const textSeconds = evaluation / (Math.min(config.devDocuments, data.documents.size) + dev);
  const lexical = await lexicalSeconds(data, config);
  const encoding = textSeconds * (candidates.size + split.judgements.size);
  const first = plan.refreshes[0];
  const minedSteps = plan.total - (first ?? plan.total);
  let [minedStep, round] = [plainStep, 0];
  if (first !== undefined) {
    // Where encoding is quick, searching and drawing weigh as much: a round is built to see. Where it is not, encoding is nearly all.
    let drawn: unknown = randomNegatives(candidates, config);
    round = encoding;
    if (encoding < BUILT) {
      round = await seconds(async () => {
        const request = {
          file: null,
          round: 0,
          step: first,
          last: (plan.refreshes[1] ?? plan.total) - 1,
          mayBuild: true,
        };
        drawn = (await session.openRound(request)).drawn;
      });
    }
    minedStep = await stepSeconds(session, drawn);
  }
  const pools = round * plan.refreshes.length;
  const steps = plainStep * (plan.total - minedSteps) + minedStep * minedSteps;
  // The final evaluation encodes the corpus twice: with the model, and untrained.
  const final = 2 * textSeconds * data.documents.size + lexical;
  const vectors = 2 * data.documents.size * task.learner.encoder.dimension * 4;
  const pool = minedSteps === 0 ? 0 : split.judgements.size * Math.min(config.depth, candidates.size) * CANDIDATE;
  return {
    stepSeconds: minedStep,
    estimatedSeconds: prepareSeconds + steps + evaluations + pools + final,
    memoryBytes: peak() + Math.max(vectors, pool),
  };
}

/** Rows of the split of the final evaluation for each of the development split. */
function splitRatio({ splits }: TrainingData, { devSplit }: TrainConfig): number {
  const size = (name: string): number => {
    const rows = splits.get(name) as readonly unknown[] | undefined;
    return rows?.length ?? 1;
  };
  return size("test") / size(devSplit);
}

/** The negatives of a pool that serves the whole run: it is built from no weights, and soon. */
async function firstRound({ plan, openRound }: Session<unknown>): Promise<unknown> {
  if (plan.refreshes.length === 0) return null;
  return (await openRound({ file: null, round: 0, step: 0, last: plan.total - 1, mayBuild: true })).drawn;
}

async function stepSeconds({ trainer, plan }: Session<unknown>, drawn: unknown): Promise<number> {
  await trainer.update(0, plan, drawn);
  const updates = Math.min(TIMED, plan.total);
  const took = await seconds(async () => {
    for (let step = 0; step < updates; step++) await trainer.update(step, plan, drawn);
  });
  return took / updates;
}

function randomNegatives(candidates: ReadonlyMap<string, unknown>, { seed, count }: TrainConfig): DrawnNegatives {
  const ids = [...candidates.keys()];
  return ({ queryId }) => {
    const random = rng(seed, "dry-run", queryId);
    return Array.from({ length: count }, () => ids[random.int(ids.length)] as string);
  };
}

/** The lexical baselines of the final evaluation: measured on the development split, as long as the final one is. */
async function lexicalSeconds(data: RetrievalData, config: TrainConfig): Promise<number> {
  const retrievers: NamedRetriever[] = [];
  const indexing = await seconds(async () => {
    retrievers.push({ name: "bm25", kind: "bm25", retriever: bm25(data.documents.values()) });
    retrievers.push({ name: "tf-idf", kind: "tf-idf", retriever: tfIdf(data.documents.values()) });
  });
  const asking = await seconds(() => evaluateRetrievers({ data, split: config.devSplit, retrievers, depth: DEPTH }));
  const queriesOf = (name: string) => judgedQueries(splitOf(data, name)).length;
  const ratio = data.splits.has("test") ? queriesOf("test") / queriesOf(config.devSplit) : 1;
  // The final tables have four systems, these two.
  return indexing + 2 * asking * ratio;
}

/** The most memory held so far, with an allowance for the rest of a run. */
function peak(): number {
  return Math.round(process.resourceUsage().maxRSS * 1024 * GARBAGE);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
