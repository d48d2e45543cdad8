import { notImplemented } from "../base/errors.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { loadWeights, readModelFolder } from "../checkpoint/index.js";
import { type Model, openTensors } from "../encode/model.js";
import { openVectorCache } from "../encode/vector-cache.js";
import { createEngine } from "../engine/onnxruntime.js";
import type { Engine } from "../engine/types.js";

export interface LoadOptions {
  /** An engine to share; else one is made, and closed with the model. */
  readonly engine?: Engine;
  readonly threads?: number;
  /** Folder where vectors are kept under fingerprints; null: nothing is kept. Default null. */
  readonly cache?: string | null;
  readonly warnings?: Warnings;
}

/** A model ready to encode; `close` gives back its engine. */
export type LoadedModel = Model & { close(): Promise<void> };

/**
 * Opens a model folder of the Hugging Face Hub, of sentence-transformers or of nearmiss. Throws `NearmissError` (exit code 2) naming file
 * and key for anything that is not right.
 */
export async function load(path: string, options: LoadOptions = {}): Promise<LoadedModel> {
  if (/^https?:\/\//.test(path)) throw notImplemented("a model behind a URL");
  const warnings = options.warnings ?? collectWarnings();
  const folder = await readModelFolder(path, warnings);
  const tensors = loadWeights(folder);
  const engine =
    options.engine ?? (await createEngine({ ...(options.threads === undefined ? {} : { threads: options.threads }) }));
  const model = await openTensors({
    engine,
    description: folder,
    tensors,
    fingerprint: folder.fingerprint,
    warnings,
    ...(options.cache == null ? {} : { cache: openVectorCache(options.cache) }),
  });
  return {
    ...model,
    async close() {
      await model.release();
      if (options.engine === undefined) await engine.close();
    },
  };
}
