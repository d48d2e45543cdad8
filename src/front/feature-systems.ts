import { inputError } from "../base/errors.js";
import { fingerprint } from "../base/fingerprint.js";
import type { LabelledItem } from "../base/types.js";
import { type FloatTensor, featureRow, isMlpFolder, loadMlp, readMlpFolder } from "../checkpoint/index.js";
import { forwardOf } from "../encode/encode.js";
import type { VectorSystem } from "../evaluate/evaluate-labelled.js";
import { mlpEncoder } from "../nn/mlp.js";
import { restartNetwork } from "../train/start.js";
import type { EvaluationContext } from "./evaluate-options.js";
import { warnOfNoStart } from "./retrievers.js";

/** A network on pictures or vectors, the weights that its training began with, and the items as they are: `raw`. */
export async function featureSystems(
  model: string,
  name: string | undefined,
  items: readonly LabelledItem[],
  { options, engine, warnings }: EvaluationContext,
): Promise<readonly VectorSystem[]> {
  if (model === "raw") return [{ ...rawSystem(items), ...(name === undefined ? {} : { name }) }];
  if (!isMlpFolder(model))
    throw inputError("wrong-model", "a text model cannot read pictures or vectors", {
      field: "model",
      found: model,
      expected: "the folder of a network that nearmiss trained on such items, or raw",
    });
  const folder = await readMlpFolder(model);
  const rows = items.map((item) => featureRow(folder.content, item));
  const forward = forwardOf(engine, mlpEncoder(folder.config), null);
  const vectorsOf = async (tensors: ReadonlyMap<string, FloatTensor>) => {
    const weights = await engine.load(tensors);
    const { data: vectors, dimension } = await forward.encode(weights, rows);
    await engine.release(weights);
    return { vectors, dimension, similarity: folder.similarity };
  };
  const asked = {
    name: name ?? "model",
    kind: "model",
    fingerprint: folder.fingerprint,
    ...(await vectorsOf(loadMlp(folder))),
  } as const;
  if (options.baselines?.includes("untrained") === false) return [asked];
  const start = await restartNetwork(folder);
  if (start === null) warnOfNoStart(warnings);
  const systems: VectorSystem[] = [asked];
  if (start !== null) {
    const { fingerprint } = start.record;
    systems.push({ name: "untrained", kind: "untrained", fingerprint, ...(await vectorsOf(start.tensors)) });
  }
  await forward.release();
  return [...systems, rawSystem(items)];
}

/** Pixels by their distance, vectors by their cosine. */
function rawSystem(items: readonly LabelledItem[]): VectorSystem {
  const rows = items.map(({ pixels, vector }) => vector ?? Float32Array.from(pixels!, (value) => value / 255));
  const dimension = rows[0]!.length;
  const vectors = new Float32Array(rows.length * dimension);
  for (const [i, row] of rows.entries()) vectors.set(row, i * dimension);
  const similarity = items[0]!.vector === undefined ? "l2" : "cosine";
  return { name: "raw", kind: "untrained", fingerprint: fingerprint("raw", vectors), vectors, dimension, similarity };
}
