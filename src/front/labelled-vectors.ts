import { inputError } from "../base/errors.js";
import type { Progress } from "../base/progress.js";
import type { LabelledData, LabelledItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import type { Engine } from "../engine/types.js";
import { load } from "./load.js";

/** Vectors of labelled items, and what made them. */
export interface ItemVectors {
  /** Row-major [items, dimension]. */
  readonly vectors: Float32Array;
  readonly dimension: number;
  readonly made: { readonly kind: "model" | "raw"; readonly name: string; readonly fingerprint: string };
}

export interface ItemVectorOptions {
  /** A model's folder, or `raw`: the vectors that the data hold, or pixels divided by 255. */
  readonly model: string;
  readonly engine: Engine;
  readonly cache: string | null;
  readonly warnings: Warnings;
  readonly progress?: Progress | undefined;
}

/** Encodes these items, or takes what they are. Throws `bad-usage` where texts have no vectors of their own, or a model does not read what the items are. */
export async function itemVectors(
  data: LabelledData,
  items: readonly LabelledItem[],
  { model: name, engine, cache, warnings, progress }: ItemVectorOptions,
): Promise<ItemVectors> {
  if (name === "raw") {
    const { vectors, dimension } = rawVectors(data, items);
    return { vectors, dimension, made: { kind: "raw", name, fingerprint: data.fingerprint } };
  }
  if (data.content !== "text")
    throw inputError("bad-usage", "this model reads texts", {
      field: "model",
      found: data.content === "pixels" ? "pictures" : "vectors",
      hint: "--model raw takes vectors and pixels as they are",
    });
  const model = await load(name, { engine, cache, warnings });
  try {
    const encoded = await model.encode(
      items.map(({ text }) => text ?? ""),
      { as: "document", ...(progress === undefined ? {} : { progress }) },
    );
    return {
      vectors: encoded.data,
      dimension: encoded.dimension,
      made: { kind: "model", name, fingerprint: model.fingerprint },
    };
  } finally {
    await model.close();
  }
}

function rawVectors({ content }: LabelledData, items: readonly LabelledItem[]) {
  const rows = items.map(({ vector, pixels }) => vector ?? pixels ?? new Float32Array());
  const dimension = rows[0]?.length ?? 0;
  if (content === "text" || dimension === 0)
    throw inputError("bad-usage", "texts have no vectors of their own: a model makes them", {
      field: "model",
      found: "raw",
    });
  const vectors = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => {
    vectors.set(content === "pixels" ? Float32Array.from(row, (value) => value / 255) : row, i * dimension);
  });
  return { vectors, dimension };
}
