import { inputError } from "../base/errors.js";
import type { ScoredData, ScoredPair } from "../base/types.js";
import type { Vectors } from "../encode/encode.js";
import type { HostTensor } from "../engine/types.js";
import { compareSystems } from "../evaluate/compare-systems.js";
import { evaluateScored } from "../evaluate/evaluate-scored.js";
import type { EvaluationResult } from "../evaluate/results.js";
import { input } from "../graph/index.js";
import { crossEncoderLearner } from "./cross-encoder-learner.js";
import { endless, shuffled } from "./endless.js";
import { finalSplit } from "./final.js";
import { TRAIN_SPLIT } from "./kinds.js";
import { lossOver } from "./losses.js";
import { inTurns } from "./pair-rows.js";
import { parameterGradients } from "./program.js";
import { refuseSampler } from "./refuse.js";
import { correlations, oneScoredMeasure, pairsOf, requireDifferentScores, scaleOf } from "./scored-task.js";
import { wholeBatches } from "./stepper.js";
import type { FinalEvaluation, Task, TaskOptions } from "./task.js";

/** A cross-encoder on scored pairs: one logit a pair that follows the score, or a logit for each class that scores name. */
export async function crossEncoderPairs(options: TaskOptions<ScoredData>): Promise<Task<never>> {
  const { config, data, engine, warnings } = options;
  const loss = lossOver(config, "scored pairs of a cross-encoder", "points");
  refuseSampler(config, "scored pairs");
  const train = pairsOf(data, TRAIN_SPLIT);
  if (train.length < 2)
    throw inputError("too-few-rows", "training needs at least two scored pairs", { file: data.source });
  const final = finalSplit(data, config.devSplit);
  const classified = loss.name === "cross-entropy";
  const goal = classified ? classGoal(data) : scoreGoal(data, config.metric, [config.devSplit, final]);
  if (classified && config.metric !== "accuracy")
    throw inputError("bad-config", "classes of pairs are measured by accuracy", {
      field: "metric",
      found: config.metric,
      expected: "accuracy",
    });
  const texts = () => new Set(train.flatMap(({ first, second }) => [first.text, second.text]));
  const learner = await crossEncoderLearner({ engine, config, warnings, loss, labels: goal.labels, texts });
  const { encoder, lossParameters } = learner;
  const sequences = new Map<ScoredPair, ReturnType<typeof learner.sequence>>();
  const sequence = (pair: ScoredPair) => {
    const made = sequences.get(pair) ?? learner.sequence([pair.first.text, pair.second.text]);
    sequences.set(pair, made);
    return made;
  };
  const batches = endless((epoch) => shuffled(train, config.batchSize, config.seed, epoch));
  const stepper = wholeBatches<readonly ScoredPair[]>(learner, config.dropout, {
    spec(forward) {
      const logits = encoder.forward(forward);
      const built = loss.build.points({ logits, labels: input("labels", [logits.length(0)]) }, lossParameters);
      return { outputs: { loss: built.loss, ...built.telemetry }, gradients: parameterGradients(built.loss) };
    },
    collate(pairs, wantedGroups) {
      const collated = encoder.collate(pairs.map(sequence), wantedGroups);
      const data = new Float32Array(pairs.length);
      pairs.forEach(({ score }, i) => {
        data[collated.place[i] as number] = goal.scale(score);
      });
      const labels: HostTensor = { dtype: "float32", shape: [pairs.length], data };
      return { ...collated, feeds: { ...collated.feeds, labels } };
    },
  });
  const now = async (split: string) => learner.classify(pairsOf(data, split).map(sequence));
  return {
    learner,
    batches,
    mined: false,
    async prepare(first, count) {
      const micro = Array.from({ length: count }, (_, i) => batches.at(first + i));
      const pairs = micro.map(({ batch }) => batch);
      await inTurns(pairs.flat(), sequence);
      return { epoch: micro[0]?.epoch ?? 0, counts: { encoded: pairs.flat().length }, run: stepper.prepare(pairs) };
    },
    evaluateDev: async () => goal.measure(pairsOf(data, config.devSplit), await now(config.devSplit)),
    openRound: () => Promise.reject(new Error("scored pairs are not mined from a corpus")),
    async evaluateFinally(): Promise<FinalEvaluation> {
      const pairs = pairsOf(data, final);
      const untrained = await learner.untrained();
      const before = await untrained.classify(pairs.map(({ first, second }) => [first.text, second.text]));
      await untrained.release();
      const documents = new Set(pairs.flatMap(({ first, second }) => [first.id, second.id])).size;
      const about = { fingerprint: data.fingerprint, split: final, documents };
      const result = goal.compare(about, pairs, [
        { name: "model", kind: "model", fingerprint: "in-training", scores: await now(final) },
        { name: "untrained", kind: "untrained", fingerprint: learner.start.fingerprint, scores: before },
      ]);
      return { result, details: {} };
    },
  };

  function scoreGoal(scored: ScoredData, name: string, splits: readonly string[]): Goal {
    const metric = oneScoredMeasure(name);
    for (const split of splits) requireDifferentScores(scored, split);
    const gold = (pairs: readonly ScoredPair[]) => Float64Array.from(pairs, ({ score }) => score);
    return {
      labels: 1,
      // A logit is a probability's: no score below 0 has one.
      scale: scaleOf(train, 0),
      measure: (pairs, { data: scores }) => ({ [metric]: correlations[metric](scores, gold(pairs)) ?? 0 }),
      compare: (about, pairs, systems) =>
        evaluateScored({
          data: about,
          gold: gold(pairs),
          systems: systems.map(({ scores, ...system }) => ({ ...system, scores: Float64Array.from(scores.data) })),
          seed: config.seed,
        }),
    };
  }

  function classGoal(scored: ScoredData): Goal {
    for (const [split, pairs] of scored.splits) {
      const wrong = pairs.find(({ score }) => !(Number.isInteger(score) && score >= 0));
      if (wrong === undefined) continue;
      throw inputError("bad-label", "classes of pairs are whole numbers from 0", {
        file: scored.source,
        field: split,
        found: String(wrong.score),
        hint: "leave out --loss cross-entropy for scores",
      });
    }
    const most = [...scored.splits.values()].flat().reduce((max, { score }) => Math.max(max, score), 0);
    if (most < 1 || most > 9_999)
      throw inputError("bad-label", "training needs at least two classes of pairs, numbered from 0", {
        file: scored.source,
        found: `0 … ${most}`,
      });
    return {
      labels: most + 1,
      scale: (score) => score,
      measure: (pairs, scores) => ({ accuracy: mean(hits(pairs, scores)) }),
      compare: (about, pairs, systems) => ({
        data: { ...about, kind: "scored", queries: pairs.length },
        ...compareSystems(
          systems.map(({ scores, ...system }) => ({
            ...system,
            values: new Map([["accuracy", hits(pairs, scores)]]),
          })),
          ["accuracy"],
          { seed: config.seed, resamples: 10_000 },
        ),
      }),
    };
  }
}

/** What the scores of the pairs are to the logits. */
interface Goal {
  readonly labels: number;
  /** The score of the file as the loss takes it. */
  scale(score: number): number;
  measure(pairs: readonly ScoredPair[], scores: Vectors): Readonly<Record<string, number>>;
  compare(
    about: { readonly fingerprint: string; readonly split: string; readonly documents: number },
    pairs: readonly ScoredPair[],
    systems: readonly {
      readonly name: string;
      readonly kind: "model" | "untrained";
      readonly fingerprint: string;
      readonly scores: Vectors;
    }[],
  ): EvaluationResult;
}

/** 1 for each pair whose class has the highest score. */
function hits(pairs: readonly ScoredPair[], { data, dimension }: Vectors): Float64Array {
  return Float64Array.from(pairs, ({ score }, i) => {
    const row = data.subarray(i * dimension, (i + 1) * dimension);
    return row.every((value, label) => label === score || value < (row[score] as number)) ? 1 : 0;
  });
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
