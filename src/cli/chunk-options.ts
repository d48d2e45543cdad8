import type { Command } from "commander";
import { inputError } from "../base/errors.js";
import type { Chunking } from "../front/retrievers.js";
import { given } from "./given.js";
import { choice, integer } from "./values.js";

/** Flags that cut documents before they are indexed. */
export interface ChunkFlags {
  readonly chunk?: number;
  readonly chunkStride?: number;
  readonly chunkFold?: "max" | "first";
}

export function withChunkOptions(command: Command): Command {
  return command
    .option("--chunk <n>", "index documents in chunks of n tokens (words for bm25, tf-idf)", integer("--chunk", 1))
    .option(
      "--chunk-stride <n>",
      "from one chunk's beginning to the next (default: no overlap)",
      integer("--chunk-stride", 1),
    )
    .option(
      "--chunk-fold <name>",
      "a document's score: max of its chunks, or the first's",
      choice("--chunk-fold", ["max", "first"]),
    );
}

/** The chunking that the flags ask for; undefined without `--chunk`. Throws where a flag needs `--chunk`. */
export function chunkingOf({ chunk, chunkStride, chunkFold }: ChunkFlags): Chunking | undefined {
  if (chunk !== undefined) return { size: chunk, ...given({ stride: chunkStride, fold: chunkFold }) };
  const field = chunkStride !== undefined ? "--chunk-stride" : chunkFold !== undefined ? "--chunk-fold" : undefined;
  if (field === undefined) return undefined;
  throw inputError("usage", "the flag says how chunks are made, but there are none", { field, expected: "--chunk N" });
}
