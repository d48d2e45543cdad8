import { existsSync } from "node:fs";
import { inputError, workError } from "../base/errors.js";
import { toFloat32 } from "../base/float16.js";
import type { Progress } from "../base/progress.js";
import { readSafetensors } from "../base/safetensors.js";
import type { RetrievalData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { encoderOf, type FloatTensor } from "../checkpoint/index.js";
import { splitOf } from "../data/splits.js";
import { createForward } from "../encode/encode.js";
import { sequencer } from "../encode/model.js";
import type { Engine, HostTensor, OptimiserOptions, Weights } from "../engine/types.js";
import { parseMeasures } from "../evaluate/measures.js";
import { judgedQueries, perQuery } from "../evaluate/per-query.js";
import { configuredLoss } from "../losses/index.js";
import type { Loss } from "../losses/types.js";
import type { MineOptions } from "../negatives/mine.js";
import { checkStandingFilter, parseFilter } from "../negatives/parse-filter.js";
import { parseSampler } from "../negatives/parse-sampler.js";
import { candidateDocuments } from "../negatives/pools.js";
import { denseRetriever, type TextVectors } from "../search/dense.js";
import type { TrainConfig } from "./config.js";
import { devSet } from "./dev-set.js";
import { planSteps, type StepPlan } from "./plan.js";
import { openRound, type Round } from "./round.js";
import { type StartingModel, startingModel } from "./start.js";
import { tokenSource } from "./token-source.js";
import { createTrainer, type Trainer } from "./trainer.js";

/** The split that is trained on. */
export const TRAIN_SPLIT = "train";

/** A round to build, or to read where its file is there. */
export interface RoundRequest {
  /** Null: the pools are kept in memory alone. */
  readonly file: string | null;
  readonly round: number;
  /** The updates `step` … `last` use it. */
  readonly step: number;
  readonly last: number;
  /** Whether the weights are those of `step`, so that the pools may be built from them. */
  readonly mayBuild: boolean;
}

/** Everything of a run that lives in memory: the model on its engine, the data as tokens, the plan. */
export interface Session {
  readonly start: StartingModel;
  readonly trainer: Trainer;
  readonly plan: StepPlan;
  /** The model with the weights as they stand. */
  readonly current: TextVectors;
  evaluateDev(): Promise<Readonly<Record<string, number>>>;
  openRound(request: RoundRequest): Promise<Round>;
  /** Puts weights, and optimiser if given, back from a checkpoint's files. */
  restore(weightsFile: string, optimiserFile: string | null): Promise<void>;
  /** All tensors of the model: the trained ones as they stand, the others as they were. */
  tensors(): Promise<ReadonlyMap<string, FloatTensor>>;
  release(): Promise<void>;
}

export interface SessionOptions {
  readonly config: TrainConfig;
  readonly data: RetrievalData;
  readonly engine: Engine;
  readonly warnings: Warnings;
  readonly progress: Progress;
}

/** Reads the model, tokenises on demand, makes the optimiser and lays out the steps. */
export async function prepareSession({ config, data, engine, warnings, progress }: SessionOptions): Promise<Session> {
  const loss = lossOverPairs(config);
  const mining = miningOptions(config);
  const metrics = parseMeasures(config.metric);
  if (metrics.length !== 1 || metrics[0]?.name !== config.metric)
    throw inputError("bad-config", "one measure chooses the best model", { field: "metric", found: config.metric });
  const start = await startingModel(config, data, warnings);
  const encoder = encoderOf(start.description);
  const sequence = sequencer(start.description, warnings);
  const trained = new Map([...encoder.parameters.keys()].map((name) => [name, start.tensors.get(name) as HostTensor]));
  const weights = await engine.load(trained);
  const optimiser = await engine.optimiser(weights, optimiserOptions(config, [...trained.keys()]));
  const tokens = tokenSource(data, sequence);
  const trainer = createTrainer({
    engine,
    encoder,
    weights,
    optimiser,
    data,
    split: TRAIN_SPLIT,
    tokens,
    loss,
    config,
  });
  if (trainer.leftOut > 0)
    warnings.add(
      "rows-left-out",
      "rows of an epoch found no place, since too many share one query or document; each epoch chooses anew",
      trainer.leftOut,
    );
  const plan = planSteps({
    ...config,
    stepsPerEpoch: trainer.stepsPerEpoch,
    evaluateEvery: config.evalEvery,
    mined: mining !== null,
  });
  const forward = createForward(engine, encoder);
  const current = vectorSource(engine, weights, start.description.similarity);
  const dev = devSet(data, splitOf(data, config.devSplit), config.devDocuments);
  if (judgedQueries(dev.split).length === 0)
    throw inputError(
      "no-judged-queries",
      "the split that chooses the best model has no query with a relevant document",
      {
        file: data.source,
        field: config.devSplit,
      },
    );
  const depth = Math.max(...metrics.map((measure) => measure.k));
  const split = splitOf(data, TRAIN_SPLIT);
  const candidates = candidateDocuments(data, split, config.candidates);

  return {
    start,
    trainer,
    plan,
    current,
    async evaluateDev() {
      const retriever = await denseRetriever("model", current, dev.documents, progress);
      const judged = new Set(judgedQueries(dev.split));
      const queries = dev.queries.filter((query) => judged.has(query.id));
      const found = await retriever.search(queries, depth + 1);
      const hits = new Map(queries.map((query, i) => [query.id, found[i] as (typeof found)[number]]));
      const values = perQuery(hits, dev.split, [...judged], metrics);
      return Object.fromEntries(
        [...values].map(([name, column]) => [name, column.reduce((a, b) => a + b, 0) / column.length]),
      );
    },
    async openRound({ file, round, step, last, mayBuild }) {
      if (!mayBuild && (file === null || !existsSync(file))) {
        throw workError("missing-round", "the negatives of the round in force are gone", {
          ...(file === null ? {} : { file }),
          hint: `remove the checkpoints after step ${step} to build them again`,
        });
      }
      // Encoding is needed only where the pools are not there yet.
      const retriever =
        file !== null && existsSync(file)
          ? null
          : await denseRetriever("model", current, candidates.values(), progress);
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
      const epochs = trainer.epochs(step, last);
      return openRound(file, { ...request, ...(mining as Mining), ...searching(retriever) }, epochs);
    },
    async restore(weightsFile, optimiserFile) {
      await engine.write(weights, readTensors(weightsFile));
      if (optimiserFile !== null) await engine.loadOptimiser(optimiser, optimiserFile);
    },
    async tensors() {
      const now = await engine.read(weights);
      return new Map(
        [...start.tensors].map(([name, tensor]) => [name, (now.get(name) as FloatTensor | undefined) ?? tensor]),
      );
    },
    async release() {
      await forward.release();
      await engine.release(optimiser);
      await engine.release(weights);
    },
  };

  function vectorSource(on: Engine, held: Weights, similarity: TextVectors["similarity"]): TextVectors {
    return {
      fingerprint: "in-training",
      similarity,
      engine: on,
      encode: (texts, { as, progress }) =>
        forward.encode(
          held,
          texts.map((text) => sequence(text, as)),
          progress,
        ),
    };
  }
}

function lossOverPairs(config: TrainConfig): Loss<"pairs"> {
  const { scale, margin, lossParams: params } = config;
  const loss = configuredLoss(config.loss, { scale, margin, params });
  if ("pairs" in loss.build) return loss as Loss<"pairs">;
  throw inputError("wrong-loss", `the loss ${loss.name} cannot be given queries with their documents`, {
    field: "loss",
    found: `it takes ${Object.keys(loss.build).join(", ")}`,
    expected: "a loss over pairs, such as mnrl",
  });
}

type Mining = Pick<MineOptions, "sampler" | "filters" | "without" | "count" | "short">;

/** The sampler and filters of a configuration; null for in-batch negatives alone. */
export function miningOptions(config: TrainConfig): Mining | null {
  if (config.sampler === "in-batch") return null;
  const params = new Map(Object.entries(config.samplerParams).map(([name, value]) => [name, String(value)]));
  return {
    sampler: parseSampler(config.sampler, params),
    filters: config.filters.flatMap((text) => parseFilter(text) ?? []),
    without: config.noFilters.map(checkStandingFilter),
    count: config.count,
    short: config.short,
  };
}

/** Biases and layer norms do not decay, as is usual for transformers. */
function optimiserOptions(config: TrainConfig, names: readonly string[]): OptimiserOptions {
  const decayed = names.filter((name) => !name.endsWith(".bias") && !/norm/i.test(name));
  const common = { weightDecay: config.weightDecay, decayed };
  if (config.optimiser === "sgd") return { kind: "sgd", momentum: 0.9, ...common };
  const tables = names.filter((name) => /^embedding\.weight$|\.(word|tok)_embeddings\.weight$/.test(name));
  return { kind: "adamw", ...common, ...(config.optimiser === "sparse-adamw" ? { sparse: tables } : {}) };
}

function searching(
  retriever: Awaited<ReturnType<typeof denseRetriever>> | null,
): Pick<MineOptions, "retriever" | "scorePairs"> {
  const absent = () => Promise.reject(new Error("the pools are read from their file"));
  return retriever === null
    ? { retriever: { name: "file", fingerprint: "", search: absent }, scorePairs: absent }
    : { retriever, scorePairs: (pairs) => retriever.scorePairs(pairs) };
}

function readTensors(file: string): ReadonlyMap<string, HostTensor> {
  return new Map(
    [...readSafetensors(file)].map(([name, raw]) => {
      const data = toFloat32(raw);
      if (data === null) throw workError("broken-checkpoint", `tensor ${name} is not floating-point`, { file });
      return [name, { dtype: "float32", shape: raw.shape, data } as const];
    }),
  );
}
