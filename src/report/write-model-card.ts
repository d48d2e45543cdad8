import { existsSync } from "node:fs";
import { join } from "node:path";
import { inputError } from "../base/errors.js";
import { writeFileAtomic } from "../base/files.js";
import { type ModelCardOptions, modelCard } from "./model-card.js";
import { readRun } from "./read-run.js";

/** What a card says of the model that a run folder does not tell. */
export type CardModel = Pick<
  ModelCardOptions,
  "architecture" | "dimension" | "similarity" | "maxLength" | "rows" | "pairs"
>;

/** Options of a run that its card tells, in this order. */
const told = [
  "vectors",
  "loss",
  "scale",
  "lossParams",
  "miner",
  "minerParams",
  "mine",
  "batches",
  "batchParams",
  "memory",
  "sampler",
  "samplerParams",
  "filters",
  "count",
  "firstStage",
  "rerankDepth",
  "epochs",
  "steps",
  "batchSize",
  "maxLength",
  "learningRate",
  "schedule",
  "warmup",
  "optimiser",
  "weightDecay",
  "dropout",
  "seed",
] as const;

/** Writes `RUN/model/README.md` from the run's files and returns its path. Throws `not-a-run` without config and manifest. */
export async function writeModelCard(runFolder: string, model: CardModel): Promise<string> {
  const { name, config, origin, evaluation } = await readRun(runFolder);
  if (config === null || origin.model === null || origin.data === null) {
    throw inputError("not-a-run", "a model card needs the run's configuration and manifest", { file: runFolder });
  }
  const start = String(config["encoder"] ?? config["model"]);
  const path = join(runFolder, "model", "README.md");
  const card = modelCard({
    ...model,
    name,
    baseModel: ["static", "bert", "cross-encoder", "mlp", "linear", "residual"].includes(start) ? null : start,
    data: { source: String(config["data"]), format: origin.format ?? "of unknown format", fingerprint: origin.data },
    licence: null,
    version: origin.version ?? "",
    fingerprint: origin.model,
    training: told.flatMap((key) =>
      isEmpty(config[key]) || (OF_PAIRS.has(key) && model.pairs !== true) ? [] : [[key, shown(config[key])] as const],
    ),
    evaluation: evaluation?.result ?? null,
    onnx: existsSync(join(runFolder, "model", "onnx", "model.onnx")),
  });
  writeFileAtomic(path, card);
  return path;
}

/** Options that only cross-encoders use. */
const OF_PAIRS: ReadonlySet<string> = new Set(["firstStage", "rerankDepth"]);

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

function shown(value: unknown): string | number {
  if (typeof value === "number" || typeof value === "string") return value;
  return Array.isArray(value) ? value.join(", ") : JSON.stringify(value);
}
