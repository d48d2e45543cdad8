import { inputError } from "../base/errors.js";
import type { ScoredData, ScoredPair } from "../base/types.js";
import type { Vectors } from "../encode/encode.js";
import type { HostTensor, ProgramSpec } from "../engine/types.js";
import { pearson, spearman } from "../evaluate/correlation.js";
import { evaluateScored, parseScoredMeasures, type ScoredMeasure } from "../evaluate/evaluate-scored.js";
import { input, partitionRows, type Tensor } from "../graph/index.js";
import type { Loss, LossParameters } from "../losses/types.js";
import type { Encoder, ForwardOptions } from "../nn/encoder.js";
import { endless, shuffled } from "./endless.js";
import { finalSplit } from "./final.js";
import { TRAIN_SPLIT } from "./kinds.js";
import { lossOver } from "./losses.js";
import { inTurns } from "./pair-rows.js";
import { parameterGradients } from "./program.js";
import { refuseLabelledOptions, refuseOtherModel, refuseSampler, refuseVectors } from "./refuse.js";
import { wholeBatches } from "./stepper.js";
import type { FinalEvaluation, Task, TaskOptions } from "./task.js";
import { textLearner } from "./text-learner.js";

export const correlations = { spearman, pearson } as const satisfies Record<ScoredMeasure, unknown>;

/** Pairs of texts with scores. */
export async function scoredTask(options: TaskOptions<ScoredData>): Promise<Task<never>> {
  const { config, data, engine, warnings } = options;
  const loss = lossOver(config, "scored pairs", "scored");
  refuseLabelledOptions(config, "scored pairs");
  refuseVectors(config, "scored pairs");
  refuseOtherModel(config);
  refuseSampler(config, "scored pairs");
  const metric = oneScoredMeasure(config.metric);
  const train = pairsOf(data, TRAIN_SPLIT);
  if (train.length < 2)
    throw inputError("too-few-rows", "training needs at least two scored pairs", { file: data.source });
  const scale = scaleOf(train);
  const texts = () => new Set(train.flatMap(({ first, second }) => [first.text, second.text]));
  const learner = await textLearner({ engine, config, warnings, loss, classes: 0, texts });
  const { encoder, current, lossParameters } = learner;
  const batches = endless((epoch) => shuffled(train, config.batchSize, config.seed, epoch));
  const sequences = new Map<string, ReturnType<typeof learner.sequence>>();
  const sequence = (text: string) => {
    const made = sequences.get(text) ?? learner.sequence(text, "document");
    sequences.set(text, made);
    return made;
  };
  const stepper = wholeBatches<readonly ScoredPair[]>(learner, config.dropout, {
    spec: (options) => scoredSpec(encoder, loss, lossParameters, options),
    collate(pairs, wantedGroups) {
      const all = [...pairs.map(({ first }) => first), ...pairs.map(({ second }) => second)];
      const collated = encoder.collate(
        all.map(({ text }) => sequence(text)),
        wantedGroups,
      );
      const labels = Float32Array.from(pairs, ({ score }) => scale(score));
      return { ...collated, feeds: { ...collated.feeds, ...scoredFeeds(collated.place, labels) } };
    },
  });
  const similarities = (pairs: readonly ScoredPair[], encode: (texts: readonly string[]) => Promise<Vectors>) =>
    similaritiesOf(pairs, encode, learner.description.similarity);
  const now = (texts: readonly string[]) => current.encode(texts, { as: "document" });
  const dev = pairsOf(data, config.devSplit);
  const final = finalSplit(data, config.devSplit);
  for (const split of [config.devSplit, final]) requireDifferentScores(data, split);

  return {
    learner,
    batches,
    mined: false,
    async prepare(first, count) {
      const micro = Array.from({ length: count }, (_, i) => batches.at(first + i));
      const pairs = micro.map(({ batch }) => batch);
      await inTurns(pairs.flat(), ({ first, second }) => [sequence(first.text), sequence(second.text)]);
      return {
        epoch: micro[0]?.epoch ?? 0,
        counts: { encoded: 2 * pairs.flat().length },
        run: stepper.prepare(pairs),
      };
    },
    async evaluateDev() {
      const given = dev.map(({ score }) => score);
      return { [metric]: correlations[metric](await similarities(dev, now), given) ?? 0 };
    },
    openRound: () => Promise.reject(new Error("scored pairs are not mined from a corpus")),
    async evaluateFinally(): Promise<FinalEvaluation> {
      const pairs = pairsOf(data, final);
      const untrained = await learner.untrained();
      const ofModel = await similarities(pairs, now);
      const ofUntrained = await similarities(pairs, (texts) => untrained.encode(texts));
      await untrained.release();
      const documents = new Set(pairs.flatMap(({ first, second }) => [first.id, second.id])).size;
      const result = evaluateScored({
        data: { fingerprint: data.fingerprint, split: final, documents },
        gold: Float64Array.from(pairs, ({ score }) => score),
        systems: [
          { name: "model", kind: "model", fingerprint: "in-training", scores: ofModel },
          { name: "untrained", kind: "untrained", fingerprint: learner.start.fingerprint, scores: ofUntrained },
        ],
        seed: config.seed,
      });
      return { result, details: {} };
    },
  };
}

export function pairsOf(data: ScoredData, split: string): readonly ScoredPair[] {
  return data.splits.get(split) ?? [];
}

/** Known before training rather than after: equal scores have no correlation. Throws `no-correlation`. */
export function requireDifferentScores(data: ScoredData, split: string): void {
  const pairs = pairsOf(data, split);
  if (new Set(pairs.map(({ score }) => score)).size > 1) return;
  throw inputError("no-correlation", "the split that is measured needs pairs with different scores", {
    file: data.source,
    field: split,
    found: `${pairs.length} pairs`,
  });
}

/** The measure that chooses the best step. Throws `bad-config` for several. */
export function oneScoredMeasure(metric: string): ScoredMeasure {
  const [first, ...more] = parseScoredMeasures([metric]);
  if (first !== undefined && more.length === 0) return first;
  throw inputError("bad-config", "one measure chooses the best model", { field: "metric", found: metric });
}

/** Scores from `least` (−1) to 1 stay as they are (classes, cosines); others go to 0 … 1, from the lowest to the highest of the training split. */
export function scaleOf(train: readonly ScoredPair[], least = -1): (score: number) => number {
  const scores = train.map(({ score }) => score);
  const [low, high] = scores.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity]);
  if (low >= least && high <= 1) return (score) => score;
  return (score) => (score - low) / (high - low);
}

/** The graph of one step: encode both sides together, compare, differentiate. */
function scoredSpec(
  encoder: Pick<Encoder<never>, "forward">,
  loss: Loss<"scored">,
  parameters: LossParameters,
  options: ForwardOptions,
): ProgramSpec {
  const vectors = encoder.forward(options);
  const index = (name: string) => input(name, ["pairs"], "int32");
  const places = input("vectorPlaces", [vectors.length(0)], "int32");
  const [first, second] = partitionRows(vectors, [index("firstRows"), index("secondRows")], places) as [Tensor, Tensor];
  const built = loss.build.scored({ first, second, labels: input("labels", ["pairs"]) }, parameters);
  return { outputs: { loss: built.loss, ...built.telemetry }, gradients: parameterGradients(built.loss) };
}

function scoredFeeds(place: Int32Array, labels: Float32Array): Record<string, HostTensor> {
  const places = new Int32Array(place.length);
  place.forEach((row, i) => {
    places[row] = i;
  });
  const int32 = (data: Int32Array): HostTensor => ({ dtype: "int32", shape: [data.length], data });
  return {
    firstRows: int32(place.subarray(0, labels.length)),
    secondRows: int32(place.subarray(labels.length)),
    vectorPlaces: int32(places),
    labels: { dtype: "float32", shape: [labels.length], data: labels },
  };
}

async function similaritiesOf(
  pairs: readonly ScoredPair[],
  encode: (texts: readonly string[]) => Promise<Vectors>,
  similarity: "cosine" | "dot",
): Promise<Float64Array> {
  const { data, dimension } = await encode(pairs.flatMap(({ first, second }) => [first.text, second.text]));
  const row = (i: number) => data.subarray(i * dimension, (i + 1) * dimension);
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
  return Float64Array.from(pairs, (_, i) => {
    const [a, b] = [row(2 * i), row(2 * i + 1)];
    const lengths = similarity === "dot" ? 1 : Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
    return lengths === 0 ? 0 : dot(a, b) / lengths;
  });
}
