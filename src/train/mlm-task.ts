import { inputError } from "../base/errors.js";
import type { HostTensor, Program, Weights } from "../engine/types.js";
import { compareSystems } from "../evaluate/compare-systems.js";
import type { SystemKind, SystemResult } from "../evaluate/results.js";
import { input, logSumExp, max, takeAlongAxis } from "../graph/index.js";
import type { MaskedSequence } from "../nn/masked-lm.js";
import { endless, shuffled } from "./endless.js";
import type { TrainingData } from "./kinds.js";
import { lossOver } from "./losses.js";
import { maskedLearner } from "./mlm-learner.js";
import { createMasking } from "./mlm-masks.js";
import { maskedTexts } from "./mlm-texts.js";
import { inTurns } from "./pair-rows.js";
import { parameterGradients } from "./program.js";
import { refuseLabelledOptions, refuseOtherModel, refuseSampler, refuseVectors } from "./refuse.js";
import { LENGTH_GROUPS, wholeBatches } from "./stepper.js";
import type { FinalEvaluation, Task, TaskOptions } from "./task.js";

/** Means over texts of what is known of each text's masked tokens; the higher the better. */
const MEASURES = ["log-likelihood", "masked-accuracy"] as const;

/** A text with its place among the texts of the training split, from which its masks follow. */
interface Numbered {
  readonly text: string;
  readonly number: number;
}

/** Guessing masked tokens in the texts of any data: pre-training, or going on with it on texts of one's own. */
export async function mlmTask(options: TaskOptions<TrainingData>): Promise<Task<never>> {
  const { config, data, engine, warnings } = options;
  const loss = lossOver(config, "masked tokens", "tokens");
  refuseLabelledOptions(config, "masked tokens");
  refuseVectors(config, "masked tokens");
  refuseOtherModel(config);
  refuseSampler(config, "masked tokens");
  if (!MEASURES.some((name) => name === config.metric))
    throw inputError("unknown-measure", "the measure of masked tokens is not known", {
      field: "metric",
      found: config.metric,
      expected: MEASURES.join(", "),
    });
  const texts = maskedTexts(data);
  const learner = await maskedLearner({ engine, config, warnings, loss, texts: () => texts.train });
  const { model, weights, lossParameters } = learner;
  const { share, masked, replaced } = loss.options as Record<"share" | "masked" | "replaced", number>;
  if (masked + replaced > 1)
    throw inputError("bad-option", "the parts of masked and of replaced tokens are more than all", {
      field: "lossParams",
      found: `${masked} + ${replaced}`,
      expected: "at most 1",
    });
  const mask = createMasking({ share, masked, replaced, ...learner.tokens, seed: config.seed });
  const sequences = new Map<string, ReturnType<typeof learner.sequence>>();
  const sequence = (text: string) => {
    const made = sequences.get(text) ?? learner.sequence(text);
    sequences.set(text, made);
    return made;
  };
  const train = texts.train.map((text, number): Numbered => ({ text, number }));
  const batches = endless((epoch) => shuffled(train, config.batchSize, config.seed, epoch));
  if (batches.perEpoch === 0)
    throw inputError("no-batches", "no batch can be made of these texts", { file: data.source });
  const stepper = wholeBatches<readonly MaskedSequence[]>(learner, config.dropout, {
    spec(forward) {
      const targets = input("labels", ["labelled"], "int32");
      const { logits } = model.forward(forward);
      const built = loss.build.tokens({ logits, targets, counted: targets.greaterOrEqual(0) }, lossParameters);
      return { outputs: { loss: built.loss, ...built.telemetry }, gradients: parameterGradients(built.loss) };
    },
    collate: (some, wantedGroups) => model.collate(some, wantedGroups),
  });
  const measureTexts = textMeasurer(options, learner.model);
  const dev = maskAll("dev", texts.dev);
  const test = maskAll("test", texts.test);
  return {
    learner: {
      ...learner,
      async release() {
        await measureTexts.release();
        await learner.release();
      },
    },
    batches,
    mined: false,
    finalEvaluations: 2,
    async prepare(first, count) {
      const micro = Array.from({ length: count }, (_, i) => batches.at(first + i));
      await inTurns(
        micro.flatMap(({ batch }) => batch),
        ({ text }) => sequence(text),
      );
      const some = micro.map(({ batch, epoch }) =>
        batch.flatMap(({ text, number }) => mask(sequence(text), "train", epoch, number) ?? []),
      );
      const encoded = some.reduce((sum, { length }) => sum + length, 0);
      return { epoch: micro[0]?.epoch ?? 0, counts: { encoded }, run: stepper.prepare(some) };
    },
    async evaluateDev() {
      const values = await measureTexts.values(weights, dev);
      const likelihood = mean(values.get("log-likelihood") as Float64Array);
      const accuracy = mean(values.get("masked-accuracy") as Float64Array);
      return { "log-likelihood": likelihood, "masked-accuracy": accuracy, perplexity: Math.exp(-likelihood) };
    },
    openRound: () => Promise.reject(new Error("masked tokens have no negatives")),
    async evaluateFinally(): Promise<FinalEvaluation> {
      const untrained = await learner.untrained();
      const system = async (name: string, kind: SystemKind, fingerprint: string, held: Weights) => ({
        ...{ name, kind, fingerprint },
        values: await measureTexts.values(held, test),
      });
      const systems = [
        await system("model", "model", "in-training", weights),
        await system("untrained", "untrained", learner.start.fingerprint, untrained),
      ];
      await engine.release(untrained);
      const compared = compareSystems(systems, MEASURES, { seed: config.seed, resamples: 10_000 });
      return {
        result: {
          data: {
            fingerprint: data.fingerprint,
            split: "held-out",
            kind: "texts",
            queries: test.length,
            documents: texts.train.length,
          },
          systems: compared.systems.map(withPerplexity),
          comparisons: compared.comparisons,
        },
        details: {},
      };
    },
  };

  /** Masked alike in every evaluation. */
  function maskAll(part: string, some: readonly string[]): readonly MaskedSequence[] {
    const all = some.flatMap((text, i) => mask(sequence(text), part, i) ?? []);
    if (all.length > 0) return all;
    throw inputError("no-dev-split", "no text that is held out has a token to guess", { file: data.source });
  }
}

/** Texts of one run of the network, which bounds the logits that are held. */
const TEXTS_PER_RUN = 32;

/** The mean log-likelihood of each text's masked tokens, and the share of them that the model would have guessed. */
function textMeasurer(
  { engine }: Pick<TaskOptions<TrainingData>, "engine">,
  model: Awaited<ReturnType<typeof maskedLearner>>["model"],
) {
  const programs = new Map<number, Promise<Program>>();
  const compile = (groups: number): Promise<Program> => {
    const { logits } = model.forward({ groups, dropout: 0, attentionDropout: 0 });
    const right = takeAlongAxis(logits, input("labels", ["labelled"], "int32").unsqueeze(1), 1).squeeze(1);
    return engine.compile({
      outputs: { likelihood: right.sub(logSumExp(logits, 1)), lead: right.sub(max(logits, 1)) },
    });
  };
  return {
    async values(weights: Weights, texts: readonly MaskedSequence[]): Promise<ReadonlyMap<string, Float64Array>> {
      const likelihoods = new Float64Array(texts.length);
      const accuracies = new Float64Array(texts.length);
      for (let start = 0; start < texts.length; start += TEXTS_PER_RUN) {
        const some = texts.slice(start, start + TEXTS_PER_RUN);
        const { groups, feeds, place } = model.collate(some, LENGTH_GROUPS);
        const program = programs.get(groups) ?? compile(groups);
        programs.set(groups, program);
        const out = await engine.run(await program, feeds, weights);
        const [likelihood, lead] = [out["likelihood"], out["lead"]] as [HostTensor, HostTensor];
        // Labelled tokens stand in the order in which texts were packed.
        const packed = [...place.keys()].sort((a, b) => (place[a] as number) - (place[b] as number));
        let at = 0;
        for (const text of packed) {
          const count = some[text]?.labels.filter((label) => label >= 0).length ?? 0;
          for (let i = at; i < at + count; i++) {
            likelihoods[start + text]! += Number(likelihood.data[i]) / count;
            if (Number(lead.data[i]) >= 0) accuracies[start + text]! += 1 / count;
          }
          at += count;
        }
      }
      return new Map([
        ["log-likelihood", likelihoods],
        ["masked-accuracy", accuracies],
      ]);
    },
    async release() {
      for (const program of programs.values()) await engine.release(await program);
    },
  };
}

/** exp(−log-likelihood) beside it: as many tokens as the model might as well have chosen from by lot. */
function withPerplexity(system: SystemResult): SystemResult {
  const found = system.measures["log-likelihood"];
  if (found === undefined) return system;
  const { mean, low, high, n } = found;
  const perplexity = { mean: Math.exp(-mean), low: Math.exp(-high), high: Math.exp(-low), n };
  return { ...system, measures: { ...system.measures, perplexity } };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
