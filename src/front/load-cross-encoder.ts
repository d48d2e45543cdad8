import { collectWarnings } from "../base/warnings.js";
import { openCrossEncoder, type PairScorer } from "../encode/cross-encoder.js";
import { createEngine } from "../engine/onnxruntime.js";
import type { LoadOptions } from "./load.js";

/** A cross-encoder ready to score; `close` gives back its engine. */
export type LoadedCrossEncoder = PairScorer & { close(): Promise<void> };

/**
 * Opens a cross-encoder of the Hugging Face Hub, of sentence-transformers or of nearmiss: `scorePairs` and `classify` read two texts
 * together. Throws `NearmissError` (exit code 2) naming file and key for anything that is not right.
 */
export async function loadCrossEncoder(
  path: string,
  options: Omit<LoadOptions, "cache"> = {},
): Promise<LoadedCrossEncoder> {
  const { threads, warnings = collectWarnings() } = options;
  const engine = options.engine ?? (await createEngine(threads === undefined ? {} : { threads }));
  const close = async () => {
    if (options.engine === undefined) await engine.close();
  };
  try {
    const scorer = await openCrossEncoder(path, { engine, warnings });
    return {
      ...scorer,
      async close() {
        await scorer.release();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
