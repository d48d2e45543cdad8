import type { LabelledItem } from "../base/types.js";
import { type FloatTensor, loadMlp } from "../checkpoint/index.js";
import type { VectorSystem } from "../evaluate/evaluate-labelled.js";
import { restartNetwork } from "../train/start.js";
import type { AskedModel, EvaluationContext } from "./evaluate-options.js";
import { networkVectors, openNetwork, rawVectors } from "./labelled-vectors.js";
import { warnOfNoStart } from "./retrievers.js";

/** A network on pictures or vectors, the weights that its training began with, and the items as they are: `raw`. */
export async function featureSystems(
  { model, name }: AskedModel,
  items: readonly LabelledItem[],
  { options, engine, warnings }: EvaluationContext,
): Promise<readonly VectorSystem[]> {
  if (model === "raw") return [{ ...rawSystem(items), ...(name === undefined ? {} : { name }) }];
  const folder = await openNetwork(model);
  const { similarity } = folder;
  const vectorsOf = async (tensors: ReadonlyMap<string, FloatTensor>) => ({
    ...(await networkVectors(folder, tensors, items, engine)),
    similarity,
  });
  const asked = { name: name ?? "model", kind: "model", ...(await vectorsOf(loadMlp(folder))) } as const;
  if (options.baselines?.includes("untrained") === false) return [asked];
  const start = await restartNetwork(folder);
  if (start === null) warnOfNoStart(warnings);
  const systems: VectorSystem[] = [asked];
  if (start !== null) {
    const { fingerprint } = start.record;
    systems.push({ name: "untrained", kind: "untrained", ...(await vectorsOf(start.tensors)), fingerprint });
  }
  return [...systems, rawSystem(items)];
}

/** Pixels by their distance, vectors by their cosine. */
function rawSystem(items: readonly LabelledItem[]): VectorSystem {
  const similarity = items[0]!.vector === undefined ? "l2" : "cosine";
  return { name: "raw", kind: "untrained", ...rawVectors(items), similarity };
}
