import { inputError } from "../base/errors.js";
import { fingerprint } from "../base/fingerprint.js";
import type { Progress } from "../base/progress.js";
import type { LabelledData, LabelledItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import {
  type FloatTensor,
  featureRow,
  isMlpFolder,
  loadMlp,
  type MlpFolder,
  readMlpFolder,
} from "../checkpoint/index.js";
import { forwardOf } from "../encode/encode.js";
import type { Engine } from "../engine/types.js";
import { mlpEncoder } from "../nn/mlp.js";
import { type Paid, paid } from "./paid.js";
import { openVectors } from "./retrievers.js";

/** Vectors of labelled items, row-major [items, dimension], and the fingerprint of what made them. */
export interface ItemVectors extends Paid {
  readonly vectors: Float32Array;
  readonly dimension: number;
  readonly fingerprint: string;
}

export interface ItemVectorOptions {
  /** A model's folder or URL, or `raw`: the vectors that the data hold, or pixels divided by 255. */
  readonly model: string;
  readonly engine: Engine;
  readonly cache: string | null;
  readonly warnings: Warnings;
  readonly progress?: Progress | undefined;
}

/** Encodes items, or takes what they are. Throws `bad-usage` where texts have no vectors of their own, `wrong-model` where a model does not read what the items are. */
export async function itemVectors(
  { content }: Pick<LabelledData, "content">,
  items: readonly LabelledItem[],
  { model, engine, cache, warnings, progress }: ItemVectorOptions,
): Promise<ItemVectors> {
  if (content !== "text") {
    if (model === "raw") return rawVectors(items);
    const folder = await openNetwork(model);
    return networkVectors(folder, loadMlp(folder), items, engine);
  }
  if (model === "raw")
    throw inputError("bad-usage", "texts have no vectors of their own: a model makes them", {
      field: "model",
      found: model,
    });
  const { vectors, model: loaded, usage } = await openVectors(model, { engine, cache, warnings });
  const texts = items.map(({ text = "" }) => text);
  const options = { as: "document", ...(progress === undefined ? {} : { progress }) } as const;
  const { data, dimension } = await vectors.encode(texts, options);
  await loaded?.close();
  return { vectors: data, dimension, fingerprint: vectors.fingerprint, ...paid(usage) };
}

/** Vectors as they are; pixels divided by 255. */
export function rawVectors(items: readonly LabelledItem[]): ItemVectors {
  const rows = items.map(({ pixels, vector }) => vector ?? Float32Array.from(pixels!, (value) => value / 255));
  const dimension = rows[0]!.length;
  const vectors = new Float32Array(rows.length * dimension);
  for (const [i, row] of rows.entries()) vectors.set(row, i * dimension);
  return { vectors, dimension, fingerprint: fingerprint("raw", new Uint8Array(vectors.buffer)) };
}

/** The folder of a network; throws `wrong-model` on any other. */
export async function openNetwork(model: string): Promise<MlpFolder> {
  if (isMlpFolder(model)) return readMlpFolder(model);
  throw inputError("wrong-model", "a text model cannot read pictures or vectors", {
    field: "model",
    found: model,
    expected: "the folder of a network that nearmiss trained on such items, or raw",
  });
}

/** What a network makes of items, with these tensors. */
export async function networkVectors(
  folder: MlpFolder,
  tensors: ReadonlyMap<string, FloatTensor>,
  items: readonly LabelledItem[],
  engine: Engine,
): Promise<ItemVectors> {
  const forward = forwardOf(engine, mlpEncoder(folder.config), null);
  const weights = await engine.load(tensors);
  const rows = items.map((item) => featureRow(folder.content, item));
  const { data: vectors, dimension } = await forward.encode(weights, rows);
  await engine.release(weights);
  await forward.release();
  return { vectors, dimension, fingerprint: folder.fingerprint };
}
