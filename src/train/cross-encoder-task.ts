import { inputError } from "../base/errors.js";
import { crossEncoderLists } from "./cross-encoder-lists.js";
import { crossEncoderPairs } from "./cross-encoder-pairs.js";
import type { TrainingData } from "./kinds.js";
import { refuseLabelledOptions, refuseVectors } from "./refuse.js";
import type { Task, TaskOptions } from "./task.js";

/** Training one tower that reads two texts together: on scored pairs, or on queries with their documents. */
export async function crossEncoderTask(options: TaskOptions<TrainingData>): Promise<Task<unknown>> {
  const { config, data } = options;
  if (data.kind === "labelled")
    throw inputError("wrong-data", "labelled items are no pairs that a cross-encoder reads", {
      file: data.source,
      found: data.format,
      expected: "queries with documents, or scored pairs",
    });
  refuseLabelledOptions(config, "cross-encoders");
  refuseVectors(config, "cross-encoders");
  if (config.microBatch !== null)
    throw inputError("bad-config", "pairs of texts have no vectors that could be cached", {
      field: "microBatch",
      found: String(config.microBatch),
      expected: "null",
    });
  return data.kind === "scored" ? crossEncoderPairs({ ...options, data }) : crossEncoderLists({ ...options, data });
}
