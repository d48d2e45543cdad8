import { inputError } from "../base/errors.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { loadWeights, readModelFolder } from "../checkpoint/index.js";
import type { EncodePrecision } from "../encode/encode.js";
import { type HostedModel, isHosted, openHosted } from "../encode/hosted.js";
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
  /** How vectors are computed; default `float32`. */
  readonly precision?: EncodePrecision;
}

/** A model ready to encode; `close` gives back its engine. */
export type LoadedModel = Model & { close(): Promise<void> };

/**
 * Opens a model folder of the Hugging Face Hub, of sentence-transformers or of nearmiss. Throws `NearmissError` (exit code 2) naming file
 * and key for anything that is not right.
 */
export async function load(path: string, options: LoadOptions = {}): Promise<LoadedModel> {
  if (isHosted(path)) {
    throw inputError("hosted-model", "a model behind a URL only gives vectors", {
      found: path,
      expected: "a model folder",
      hint: "eval, mine, embed and search take a URL",
    });
  }
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
    ...(options.precision === undefined ? {} : { precision: options.precision }),
  });
  return {
    ...model,
    async close() {
      await model.release();
      if (options.engine === undefined) await engine.close();
    },
  };
}

/** A model behind a URL. Its key is `NEARMISS_API_KEY` or `OPENAI_API_KEY` of the environment. */
export function hostedModel(url: string, { cache, warnings = collectWarnings() }: LoadOptions): HostedModel {
  const { NEARMISS_API_KEY, OPENAI_API_KEY } = process.env;
  const apiKey = NEARMISS_API_KEY ?? OPENAI_API_KEY;
  return openHosted(url, {
    warnings,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(cache == null ? {} : { cache: openVectorCache(cache) }),
  });
}
