import { inputError } from "../base/errors.js";
import type { Warnings } from "../base/warnings.js";
import {
  freshMaskedLm,
  maskedLanguageModelOf,
  readModelFolder,
  type TransformerDescription,
  writeModelFolder,
} from "../checkpoint/index.js";
import { tokenizerOf } from "../encode/model.js";
import type { Engine, Weights } from "../engine/types.js";
import type { Loss } from "../losses/types.js";
import type { Sequence } from "../nn/encoder.js";
import { type MaskedLanguageModel, maskedLmNames } from "../nn/masked-lm.js";
import type { TrainConfig } from "./config.js";
import { createLearner, type Learner } from "./learner.js";
import { startingModel } from "./start.js";

/** A transformer with a masked-LM head that is being trained. */
export interface MaskedLearner extends Learner {
  readonly model: MaskedLanguageModel;
  /** Token ids of a text. */
  sequence(text: string): Sequence;
  /** What masking must know of the tokens. */
  readonly tokens: {
    readonly maskId: number;
    readonly special: ReadonlySet<number>;
    readonly vocabularySize: number;
  };
  /** The starting weights on the engine, to be released by the caller. */
  untrained(): Promise<Weights>;
}

export interface MaskedLearnerOptions {
  readonly engine: Engine;
  readonly config: TrainConfig;
  readonly warnings: Warnings;
  readonly loss: Pick<Loss, "parameters">;
  /** What a vocabulary from nothing is learnt from. */
  readonly texts: () => Iterable<string>;
}

/**
 * Reads or makes the model and puts it on the engine. A checkpoint without a masked-LM head gets a new one (`fresh-head`). Throws `wrong-model` for a static model, and
 * `no-mask-token`.
 */
export async function maskedLearner(options: MaskedLearnerOptions): Promise<MaskedLearner> {
  const { engine, config, warnings, loss } = options;
  const start = await startingModel(config, options.texts, warnings);
  if (start.description.family === "static")
    throw inputError("wrong-model", "a static model has no context to guess a token from", {
      field: "model",
      found: config.model,
      expected: "bert or a transformer's folder",
    });
  const { model: description, tensors } = withHead({ ...start, description: start.description }, config, warnings);
  const model = maskedLanguageModelOf(description);
  const encoder = { family: description.family, dimension: description.dimension, parameters: model.parameters };
  const lossParameters = loss.parameters({ dimension: description.dimension, classes: 0 });
  const learner = await createLearner({ engine, encoder, tensors, lossParameters, config });
  const tokenizer = tokenizerOf(description);
  const onTruncated = () =>
    warnings.add(
      "truncated-text",
      `texts were longer than the model's ${description.maxLength} tokens; the rest was left out`,
    );
  return {
    ...learner,
    start: start.record,
    model,
    sequence: (text) => ({ ids: tokenizer.encode(text, { onTruncated }) }),
    tokens: specialTokens(description),
    untrained: () =>
      engine.load(
        new Map(
          [...model.parameters.keys()].flatMap((name) => {
            const tensor = tensors.get(name);
            return tensor === undefined ? [] : [[name, tensor] as const];
          }),
        ),
      ),
    async save(folder, manifest) {
      await writeModelFolder(folder, { model: description, tensors: await learner.tensors(), manifest });
      return (await readModelFolder(folder, warnings)).fingerprint;
    },
  };
}

function withHead(
  start: {
    readonly description: TransformerDescription;
    readonly tensors: Parameters<typeof freshMaskedLm>[0]["tensors"];
  },
  { model, seed }: TrainConfig,
  warnings: Warnings,
): ReturnType<typeof freshMaskedLm> {
  const { description, tensors } = start;
  const names = maskedLmNames[description.family];
  if ([names.dense, names.norm].every((name) => description.places.has(`${name}.weight`)))
    return { model: description, tensors };
  if (model !== "bert")
    warnings.add("fresh-head", "the model has no head for masked language modelling: it gets a new one");
  return freshMaskedLm({ model: description, tensors, seed });
}

function specialTokens(description: TransformerDescription): MaskedLearner["tokens"] {
  const tokenizer = tokenizerOf({ ...description, maxLength: null });
  const named = description.tokenizerConfig["mask_token"] as string | { readonly content?: string } | undefined;
  const text = typeof named === "object" ? named.content : named;
  const ids = text === undefined ? [] : [...tokenizer.encode(text, { addSpecialTokens: false })];
  const [maskId] = ids;
  if (maskId === undefined || ids.length !== 1)
    throw inputError("no-mask-token", "the tokenizer has no token that stands for a masked one", {
      file: "tokenizer_config.json",
      field: "mask_token",
      found: text ?? "nothing",
    });
  const special = new Set([...tokenizer.encode(""), maskId, ...(tokenizer.padId === null ? [] : [tokenizer.padId])]);
  return { maskId, special, vocabularySize: description.config.vocabSize };
}
