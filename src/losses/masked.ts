import { inputError } from "../base/errors.js";
import { type Dim, iota, l2Normalize, logSumExp, maximum, softplus, type Tensor, where } from "../graph/index.js";
import { pairsOf } from "../miners/selection.js";
import type { LabelledBatch } from "../miners/types.js";

// What losses over masked matrices share. Nothing is ever divided by a count of 0, and what a mask leaves out may be infinite.

/** Anchors and references, divided by their lengths where asked; one node where they are the same rows. */
export function vectorsOf(
  { embeddings, references }: LabelledBatch,
  { normalize }: { readonly normalize: boolean },
): { readonly anchors: Tensor; readonly references: Tensor } {
  const anchors = normalize ? l2Normalize(embeddings) : embeddings;
  if (references === embeddings) return { anchors, references: anchors };
  return { anchors, references: normalize ? l2Normalize(references) : references };
}

/** How many elements a mask keeps: of each row [rows], or of all. */
export function countOf(mask: Tensor, axis?: number): Tensor {
  return mask.cast("float32").sum(axis);
}

/** log Σ e^x over what the mask keeps of each row: [rows]; −∞ of nothing, with gradient 0. */
export function logSumExpOf(x: Tensor, mask: Tensor): Tensor {
  return logSumExp(where(mask, x, -Infinity), 1);
}

/** The sum of what the mask keeps. */
export function sumOf(x: Tensor, mask: Tensor, axis?: number): Tensor {
  return where(mask, x, 0).sum(axis);
}

/** The mean of what the mask keeps; 0 of nothing. */
export function meanOf(x: Tensor, mask: Tensor, axis?: number): Tensor {
  return sumOf(x, mask, axis).div(maximum(countOf(mask, axis), 1));
}

/** Rows of a mask that keep something: bool [rows]. */
export function anyOf(mask: Tensor): Tensor {
  return countOf(mask, 1).greater(0);
}

/** Each row's class, int32 [rows]. Throws `several-labels` where rows have no single class. */
export function singleClasses({ classes }: LabelledBatch): Tensor {
  if (classes !== undefined) return classes;
  throw inputError("several-labels", "a loss with parameters of classes needs one label an item", {
    hint: "take a loss over pairs of items, such as supcon or multi-similarity",
  });
}

/** Each row's class as a mask of one: bool [rows, classes]. */
export function classMask(batch: LabelledBatch, count: Dim): Tensor {
  return singleClasses(batch).unsqueeze(1).equal(iota(count).unsqueeze(0));
}

/** The rows that a selection has as anchors, bool [rows]; undefined where nothing is selected: all. */
export function selectedRows(batch: LabelledBatch): Tensor | undefined {
  if (batch.selection === undefined) return undefined;
  const { positive, negative } = pairsOf(batch);
  return anyOf(positive.or(negative));
}

/** The mean over rows: all, or those that a selection has as anchors. */
export function meanOfRows(losses: Tensor, batch: LabelledBatch): Tensor {
  const rows = selectedRows(batch);
  return rows === undefined ? losses.mean() : meanOf(losses, rows);
}

/** Softmax cross-entropy of each row, ln(1 + Σ_{c ≠ own} e^{z_c − target}): exact also where it is tiny. [rows] */
export function crossEntropy(logits: Tensor, own: Tensor, target: Tensor = sumOf(logits, own, 1)): Tensor {
  return softplus(logSumExpOf(logits, own.not()).sub(target));
}
