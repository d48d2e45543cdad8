import { join } from "node:path";
import type { Progress } from "../base/progress.js";
import type { RetrievalData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { ensureDev, splitOf } from "../data/splits.js";
import { createEngine } from "../engine/onnxruntime.js";
import { judgedQueries } from "../evaluate/per-query.js";
import { retrieve } from "../evaluate/retrieve.js";
import { type EvaluationResult, evaluateSystems, type SystemHits, type SystemKind } from "../evaluate/systems.js";
import { bm25 } from "../search/bm25.js";
import { tfIdf } from "../search/tf-idf.js";
import { type ArmOutcome, compareSamplers } from "../train/compare.js";
import { resolveConfig } from "../train/config.js";
import { openRetriever } from "./retrievers.js";
import { train } from "./train.js";

export interface DemoOptions {
  readonly data: RetrievalData;
  /** A folder for the runs. */
  readonly out: string;
  /** Trains a small transformer too; that takes minutes. */
  readonly transformer: boolean;
  readonly force: boolean;
  readonly seed: number;
  readonly threads: number | undefined;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly warnings: Warnings;
  /** Hears what comes next. */
  readonly say: (text: string) => void;
}

export interface DemoResult {
  /** The run of the default chain. */
  readonly run: string;
  readonly model: string;
  readonly evaluation: EvaluationResult;
}

/** Ways of choosing negatives, the default chain's first. */
const arms = [
  { name: "simans", sampler: "simans", filters: ["perc-pos=0.95"] },
  { name: "top-k", sampler: "top-k", filters: ["perc-pos=0.95"] },
  { name: "random", sampler: "random" },
  { name: "in-batch", sampler: "in-batch" },
] as const;

const EPOCHS = 10;
const DEPTH = 100;

/**
 * Trains a static model by the default chain into `out/static`, then compares ways of choosing negatives, all continued from one warm
 * checkpoint for the same number of steps, beside BM25, TF-IDF and the untrained model. A finished run is taken as it is unless `force`.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { out, seed, threads, signal, progress, warnings, force, say } = options;
  const data = ensureDev(options.data);
  const split = data.splits.has("test") ? "test" : "dev";
  const common = { data, seed, signal, progress, warnings, ...(threads === undefined ? {} : { threads }) };
  const resume = force ? { force } : { resume: true };
  const run = join(out, "static");
  say("Training a static model: in-batch warm-up, then SimANS negatives");
  const trained = await train({ ...common, ...resume, out: run, model: "static", epochs: EPOCHS });
  const transformer = join(out, "transformer");
  if (options.transformer) {
    say("Training a small transformer");
    await train({ ...common, ...resume, out: transformer, model: "bert" });
  }
  say("Comparing ways of choosing negatives, each continued from the same warm checkpoint");
  const engine = await createEngine(threads === undefined ? {} : { threads });
  try {
    const config = resolveConfig({ data: data.source, model: "static", seed, epochs: EPOCHS });
    const compared = await compareSamplers({
      config,
      data,
      engine,
      arms,
      split,
      depth: DEPTH,
      warnings,
      progress,
      signal,
    });
    const queries = judgedQueries(splitOf(data, split));
    const lexical = async (kind: SystemKind, retriever: ReturnType<typeof bm25>): Promise<SystemHits> => ({
      name: kind,
      kind,
      fingerprint: retriever.fingerprint,
      hits: await retrieve(retriever, data, queries, DEPTH),
    });
    const systems: SystemHits[] = compared.arms.map((arm) => systemOf(arm, "model"));
    if (options.transformer) {
      const { retriever } = await openRetriever(join(transformer, "model"), data.documents, { engine, warnings });
      const hits = await retrieve(retriever, data, queries, DEPTH);
      systems.push({ name: "transformer", kind: "model", fingerprint: retriever.fingerprint, hits });
    }
    systems.push(
      await lexical("bm25", bm25(data.documents.values())),
      await lexical("tf-idf", tfIdf(data.documents.values())),
    );
    systems.push(systemOf(compared.untrained, "untrained"));
    const { result } = evaluateSystems({ data, split, systems, seed, warnings });
    return { run, model: trained.model, evaluation: result };
  } finally {
    await engine.close();
  }
}

function systemOf({ name, hits }: ArmOutcome, kind: SystemKind): SystemHits {
  return { name, kind, fingerprint: "", hits };
}
