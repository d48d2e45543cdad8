import { createHash } from "node:crypto";
import { inputError } from "../base/errors.js";
import { canonicalText } from "../base/text.js";
import { TRAIN_SPLIT, type TrainingData } from "./kinds.js";
import { vocabularyTexts } from "./vocabulary-texts.js";

/** Texts of the three parts; each stands in one of them. */
export interface MaskedTexts {
  readonly train: readonly string[];
  readonly dev: readonly string[];
  readonly test: readonly string[];
}

/** Texts that are guessed in an evaluation, at most. */
const MOST = 1000;

/**
 * The texts of any data, equal ones once: documents and training queries, items or pairs of the training split. One in twenty, chosen by hash, at least one and at most
 * 1,000, measures on dev, as many on test. Throws `wrong-data` for data without texts, and `too-few-rows`.
 */
export function maskedTexts(data: TrainingData): MaskedTexts {
  const texts = new Map<string, string>();
  for (const text of textsOf(data)) {
    const key = canonicalText(text);
    if (key !== "" && !texts.has(key)) texts.set(key, text);
  }
  if (texts.size < 4)
    throw inputError("too-few-rows", "masked language modelling needs at least four different texts", {
      file: data.source,
      found: String(texts.size),
    });
  const held = Math.min(MOST, Math.max(1, Math.round(texts.size / 20)));
  const inOrder = Array.from(texts, ([key, text]) => ({ text, hash: createHash("sha256").update(key).digest("hex") }));
  const byHash = [...inOrder].sort((a, b) => (a.hash < b.hash ? -1 : 1)).map(({ text }) => text);
  const measured = new Set(byHash.slice(0, 2 * held));
  return {
    train: inOrder.map(({ text }) => text).filter((text) => !measured.has(text)),
    dev: byHash.slice(0, held),
    test: byHash.slice(held, 2 * held),
  };
}

function textsOf(data: TrainingData): Iterable<string> {
  switch (data.kind) {
    case "retrieval":
      return vocabularyTexts(data);
    case "scored":
      return (data.splits.get(TRAIN_SPLIT) ?? []).flatMap(({ first, second }) => [first.text, second.text]);
    case "labelled":
      if (data.content === "text")
        return (data.splits.get(TRAIN_SPLIT) ?? []).flatMap((id) => data.items.get(id)?.text ?? []);
      throw inputError("wrong-data", "masked language modelling needs texts", {
        file: data.source,
        found: data.format,
      });
  }
}
