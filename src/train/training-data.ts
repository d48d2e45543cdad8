import { inputError } from "../base/errors.js";
import type { Dataset } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { holdOutItems, holdOutPairs } from "../data/held-out.js";
import { loadDataset } from "../data/load.js";
import { ensureDev } from "../data/splits.js";
import type { TrainConfig } from "./config.js";
import { TRAIN_SPLIT, type TrainingData } from "./kinds.js";

/** Reads what a configuration names. Throws `wrong-data` for kinds that nothing is trained on. */
export async function loadTrainingData(
  { data, columns }: Pick<TrainConfig, "data" | "columns">,
  warnings: Warnings,
  recognised?: (data: Dataset) => void,
): Promise<TrainingData> {
  return checkTrainable(await loadDataset(data, { columns, warnings, recognised }));
}

function checkTrainable(data: Dataset): TrainingData {
  if (data.kind === "retrieval" || data.kind === "labelled" || data.kind === "scored") return data;
  throw inputError("wrong-data", "there is nothing here that an encoder is trained on", {
    file: data.source,
    found: data.format,
    expected: "queries with documents, labelled items or scored pairs",
  });
}

/** The data with a split that chooses the best step: as they are when they have one, else with a tenth of the training split held out. */
export function withDev<D extends TrainingData>(data: D, config: Pick<TrainConfig, "devSplit" | "loss">): D;
export function withDev(data: TrainingData, { devSplit, loss }: Pick<TrainConfig, "devSplit" | "loss">): TrainingData {
  // Masked tokens are guessed in texts of no split.
  if (loss === "mlm") return data;
  const options = { to: devSplit, from: TRAIN_SPLIT };
  switch (data.kind) {
    case "retrieval":
      return ensureDev(data, devSplit);
    case "labelled":
      return holdOutItems(data, options);
    case "scored":
      return holdOutPairs(data, options);
  }
}
