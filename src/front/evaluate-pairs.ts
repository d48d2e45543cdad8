import type { ScoredData, ScoredPair, TextItem } from "../base/types.js";
import { isCrossEncoder, loadWeights, readCrossEncoder } from "../checkpoint/index.js";
import { type PairScorer, pairScorer } from "../encode/cross-encoder.js";
import { evaluateScored, type PairSystem, parseScoredMeasures, scoredMeasures } from "../evaluate/evaluate-scored.js";
import type { EvaluationResult } from "../evaluate/results.js";
import { bm25 } from "../search/bm25.js";
import type { TextVectors } from "../search/dense.js";
import { tfIdf } from "../search/tf-idf.js";
import { prepareRows } from "../search/vector-source.js";
import { restartCrossEncoder } from "../train/cross-encoder-start.js";
import { type AskedModel, type EvaluationContext, measureNames, refuseRetrievalOptions } from "./evaluate-options.js";
import { openVectors, untrainedModel, warnOfNoStart } from "./retrievers.js";

/** A model beside its baselines on scored pairs: how its similarities follow the scores. */
export async function evaluatePairs(data: ScoredData, context: EvaluationContext): Promise<EvaluationResult> {
  const { options, models, paid, engine, split, seed, warnings } = context;
  refuseRetrievalOptions("scored pairs", context);
  const measures = parseScoredMeasures(measureNames(context, scoredMeasures));
  const pairs = data.splits.get(split)!;
  const texts = new Map(pairs.flatMap(({ first, second }) => [first, second]).map((item) => [item.id, item]));
  const lexical = (name: "bm25" | "tf-idf") => lexicalSystem(name, pairs, texts);
  const open = async ({ model, name, price }: AskedModel): Promise<OpenedPairs> => {
    if (model === "bm25" || model === "tf-idf")
      return { system: { ...(await lexical(model)), name: name ?? model }, untrained: null };
    if (isCrossEncoder(model)) return openPairScorer(model, name ?? "model", pairs, context);
    const opened = await openVectors(model, context);
    const system = await denseSystem(name ?? "model", "model", opened.vectors, pairs, context);
    paid({ name: system.name, price }, opened.usage);
    const untrained = async () => {
      const start = opened.model === null ? null : await untrainedModel(opened.model, engine, warnings);
      if (start === null) return null;
      const before = await denseSystem("untrained", "untrained", start, pairs, context);
      await start.release();
      return before;
    };
    return { system, untrained: opened.model === null ? null : untrained };
  };
  const [first, ...others] = models;
  const asked = await open(first);
  const systems: PairSystem[] = [asked.system];
  for (const other of others) systems.push((await open(other)).system);
  const kinds = new Set(systems.map(({ kind }) => kind));
  for (const baseline of options.baselines ?? ["bm25", "tf-idf", "untrained"]) {
    if (kinds.has(baseline)) continue;
    if (baseline !== "untrained") systems.push(await lexical(baseline));
    else {
      const untrained = (await asked.untrained?.()) ?? null;
      if (untrained !== null) systems.push(untrained);
    }
  }
  const about = { fingerprint: data.fingerprint, split, documents: texts.size };
  const gold = Float64Array.from(pairs, ({ score }) => score);
  return evaluateScored({ data: about, gold, systems, measures, seed });
}

/** A system, and what it was before training, where that can be known. */
interface OpenedPairs {
  readonly system: PairSystem;
  readonly untrained: (() => Promise<PairSystem | null>) | null;
}

/** A cross-encoder's scores of the pairs. */
async function openPairScorer(
  path: string,
  name: string,
  pairs: readonly ScoredPair[],
  { engine, warnings, progress }: EvaluationContext,
): Promise<OpenedPairs> {
  const scoresOf = async (scorer: PairScorer): Promise<Float64Array> => {
    const texts = pairs.map(({ first, second }) => [first.text, second.text] as const);
    const scores = await scorer.scorePairs(texts, { progress });
    await scorer.release();
    return scores;
  };
  const folder = await readCrossEncoder(path, warnings);
  const { fingerprint } = folder;
  const opened = { engine, description: folder, tensors: loadWeights(folder), fingerprint, warnings };
  return {
    system: { name, kind: "model", fingerprint, scores: await scoresOf(await pairScorer(opened)) },
    async untrained() {
      const start = await restartCrossEncoder(folder, warnings);
      if (start === null) {
        warnOfNoStart(warnings);
        return null;
      }
      const { tensors, record } = start;
      const scorer = await pairScorer({ ...opened, tensors, fingerprint: record.fingerprint });
      const scores = await scoresOf(scorer);
      return { name: "untrained", kind: "untrained", fingerprint: record.fingerprint, scores };
    },
  };
}

/** BM25's score of the second text for the first, or their TF-IDF cosine; the texts of the split are the corpus. */
async function lexicalSystem(
  name: "bm25" | "tf-idf",
  pairs: readonly ScoredPair[],
  texts: ReadonlyMap<string, TextItem>,
): Promise<PairSystem> {
  const retriever = name === "bm25" ? bm25(texts.values()) : tfIdf(texts.values());
  const scores = await retriever.scorePairs(pairs.map(({ first, second }) => ({ query: first, document: second })));
  return { name, kind: name, fingerprint: retriever.fingerprint, scores };
}

/** The similarity of the two vectors of each pair; both texts are encoded in one role, since the task is symmetric. */
async function denseSystem(
  name: string,
  kind: "model" | "untrained",
  { fingerprint, similarity, encode }: TextVectors,
  pairs: readonly ScoredPair[],
  { progress }: EvaluationContext,
): Promise<PairSystem> {
  const texts = pairs.flatMap(({ first, second }) => [first.text, second.text]);
  const { data, dimension } = await encode(texts, { as: "document", progress });
  const vectors = data.slice();
  prepareRows(vectors, dimension, similarity, (row) => `pair ${row >> 1}`);
  const scores = Float64Array.from(pairs, (_, pair) => {
    const [a, b] = [2 * pair * dimension, (2 * pair + 1) * dimension];
    let sum = 0;
    for (let i = 0; i < dimension; i++) sum += vectors[a + i]! * vectors[b + i]!;
    return sum;
  });
  return { name, kind, fingerprint, scores };
}
