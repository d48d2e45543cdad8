import { inputError } from "../base/errors.js";
import type { Label } from "../base/types.js";
import type { LabelledBatching } from "../data/labelled-batches/index.js";
import type { Labelled } from "../miners/relations.js";
import type { TrainConfig } from "./config.js";

/** The sizes that each way into batches understands. */
const understood: Readonly<Record<NonNullable<TrainConfig["batches"]>, readonly string[]>> = {
  "classes-times-items": ["classes", "itemsPerClass", "short"],
  balanced: ["classes", "itemsPerClass", "batches"],
  pairs: ["pairs", "negatives"],
  "anchor-classes": ["classes", "anchorShare", "negativesPerClass", "anchorClasses"],
};

/** How labelled items are put into batches, and how many negatives of its own each anchor of a pair gets. */
export interface Batching {
  readonly batching: LabelledBatching;
  readonly negatives: number;
}

/** The way into batches: what is given, filled up from the batch size. Throws `bad-option` on sizes that this way has not. */
export function batchingOf(config: TrainConfig, pairs: boolean, train: readonly Labelled[]): Batching {
  const { batches, batchParams, batchSize } = config;
  const kind = batches ?? (pairs ? "pairs" : "classes-times-items");
  if (pairs && kind !== "pairs")
    throw inputError("bad-config", "a loss over pairs takes N pairs of N classes", {
      field: "batches",
      found: kind,
      expected: "pairs",
    });
  const unknown = Object.keys(batchParams).find((name) => !understood[kind].includes(name));
  if (unknown !== undefined)
    throw inputError("bad-option", `batches of the kind ${kind} have no such size`, {
      field: unknown,
      expected: understood[kind].join(", "),
    });
  const counts = new Map<Label, number>();
  for (const { labels } of train) counts.set(labels[0] as Label, (counts.get(labels[0] as Label) ?? 0) + 1);
  if (kind === "pairs") {
    const paired = [...counts.values()].filter((count) => count > 1).length;
    const { negatives = 0, ...given } = batchParams;
    if (!(Number.isInteger(negatives) && Number(negatives) >= 0))
      throw inputError("bad-option", "negatives of an anchor are a whole number", {
        field: "negatives",
        found: String(negatives),
      });
    if (Number(negatives) > 0 && !pairs)
      throw inputError("bad-option", "negatives are drawn for losses over pairs", { field: "negatives" });
    return { batching: { kind, pairs: Math.min(batchSize, paired), ...given }, negatives: Number(negatives) };
  }
  const itemsPerClass = Number(batchParams["itemsPerClass"] ?? 4);
  const classes = Math.min(Math.max(2, Math.floor(batchSize / itemsPerClass)), counts.size);
  return { batching: { kind, classes, itemsPerClass, ...batchParams } as LabelledBatching, negatives: 0 };
}
