import { existsSync } from "node:fs";
import { inputError } from "../base/errors.js";
import type { Warnings } from "../base/warnings.js";
import {
  type CrossEncoderDescription,
  type CrossEncoderFolder,
  type FloatTensor,
  freshCrossEncoder,
  loadWeights,
  readCrossEncoder,
} from "../checkpoint/index.js";
import type { TrainConfig } from "./config.js";
import { fingerprintOf, restart, type StartRecord, startingModel } from "./start.js";

/** How the starting weights of a cross-encoder are made again. */
export type CrossEncoderStart =
  | { readonly kind: "folder"; readonly path: string; readonly fingerprint: string }
  | {
      readonly kind: "fresh";
      readonly model: "cross-encoder";
      /** What it begins with, under a head from nothing. */
      readonly encoder: StartRecord;
      readonly labels: number;
      readonly seed: number;
      readonly fingerprint: string;
    };

/** A cross-encoder before training. */
export interface StartingCrossEncoder {
  readonly description: CrossEncoderDescription;
  readonly tensors: ReadonlyMap<string, FloatTensor>;
  readonly record: CrossEncoderStart;
}

/** The starting weights of a cross-encoder that nearmiss trained; null where they cannot be had any more. */
export async function restartCrossEncoder(
  trained: CrossEncoderFolder,
  warnings: Warnings,
): Promise<Pick<StartingCrossEncoder, "tensors" | "record"> | null> {
  const record = trained.manifest?.["start"] as CrossEncoderStart | undefined;
  if (record === undefined) return null;
  if (record.kind === "folder") {
    if (!existsSync(record.path)) return null;
    const folder = await readCrossEncoder(record.path, warnings);
    return folder.fingerprint === record.fingerprint ? { tensors: loadWeights(folder), record } : null;
  }
  const start = await restart(record.encoder, trained, warnings);
  if (start === null || start.description.family === "static") return null;
  const { labels, seed } = record;
  const { tensors } = freshCrossEncoder({ model: start.description, tensors: start.tensors, labels, seed });
  return fingerprintOf(tensors) === record.fingerprint ? { tensors, record } : null;
}

/**
 * Opens the folder of a cross-encoder, or puts a head from nothing on an encoder. `labels`: what the data need, which a folder must have. Throws
 * `wrong-model` where it does not, or where the encoder is none that reads two texts together.
 */
export async function startingCrossEncoder(
  config: TrainConfig,
  labels: number,
  texts: () => Iterable<string>,
  warnings: Warnings,
): Promise<StartingCrossEncoder> {
  const { model, encoder, maxLength, seed } = config;
  if (model !== "cross-encoder") {
    if (encoder !== null)
      throw inputError("bad-config", "this cross-encoder has its encoder already", {
        field: "encoder",
        found: encoder,
      });
    const folder = await readCrossEncoder(model, warnings);
    if (folder.classifier.labels !== labels)
      throw inputError("wrong-model", "the cross-encoder has another number of labels than the data need", {
        file: model,
        found: String(folder.classifier.labels),
        expected: String(labels),
      });
    const shorter = maxLength === null ? folder.maxLength : Math.min(maxLength, folder.maxLength ?? maxLength);
    return {
      description: { ...folder, maxLength: shorter },
      tensors: loadWeights(folder),
      record: { kind: "folder", path: model, fingerprint: folder.fingerprint },
    };
  }
  const start = await startingModel({ ...config, model: encoder ?? "bert" }, texts, warnings);
  if (start.description.family === "static")
    throw inputError("wrong-model", "a static model cannot read two texts together", {
      field: "encoder",
      found: encoder ?? "",
      expected: "a transformer's folder",
    });
  const made = freshCrossEncoder({ model: start.description, tensors: start.tensors, labels, seed });
  const fingerprint = fingerprintOf(made.tensors);
  return {
    description: made.model,
    tensors: made.tensors,
    record: { kind: "fresh", model: "cross-encoder", encoder: start.record, labels, seed, fingerprint },
  };
}
