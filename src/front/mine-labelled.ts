import { inputError } from "../base/errors.js";
import type { Progress } from "../base/progress.js";
import type { LabelledData, LabelledItem } from "../base/types.js";
import { version } from "../base/version.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { loadDataset } from "../data/load.js";
import { createEngine } from "../engine/onnxruntime.js";
import { type LabelledStrategy, labelledParameters, mineLabelled } from "../negatives/labelled.js";
import { type LabelledFormat, type LabelledNegativesFile, writeLabelledNegatives } from "../negatives/labelled-file.js";
import { itemVectors } from "./labelled-vectors.js";
import { checkOutput } from "./mine.js";
import type { Paid } from "./paid.js";

/** How `mineLabelled` chooses, and where items and vectors come from. */
export interface MineLabelledOptions extends LabelledStrategy {
  /** A file or folder, or data already read. */
  readonly data: string | LabelledData;
  readonly columns?: Readonly<Record<string, string>>;
  /** A model's folder, or `raw`: the data's own vectors, or pixels divided by 255. */
  readonly model: string;
  /** Default `train`. */
  readonly split?: string;
  readonly out: string;
  readonly seed?: number;
  readonly progress?: Progress;
  readonly format?: LabelledFormat;
  readonly threads?: number;
  readonly cache?: string | null;
  readonly warnings?: Warnings;
}

/** Mines a positive and a negative for every item of a split into a file (`.jsonl` or `.jsonl.gz`) with its manifest beside it. */
export async function mineLabelledToFile(options: MineLabelledOptions): Promise<LabelledNegativesFile & Paid> {
  const { out, format = "triplets", seed = 1, cache = null, warnings = collectWarnings() } = options;
  checkOutput(out);
  const data = await openLabelled(options, warnings);
  const items = itemsOf(data, options.split ?? "train");
  const engine = await createEngine(options.threads === undefined ? {} : { threads: options.threads });
  try {
    const found = await itemVectors(data, items, { ...options, engine, cache, warnings });
    const { vectors, dimension, fingerprint, usage } = found;
    const mined = mineLabelled({ ...options, items, vectors, dimension, engine, seed });
    const written = await writeLabelledNegatives(out, format, mined, items, {
      version: version(),
      data: {
        source: data.source,
        format: data.format,
        fingerprint: data.fingerprint,
        split: options.split ?? "train",
      },
      model: { kind: options.model === "raw" ? "raw" : "model", name: options.model, fingerprint },
      parameters: parametersOf(options),
      seed,
    });
    return { ...written, ...(usage === undefined ? {} : { usage }) };
  } finally {
    await engine.close();
  }
}

function parametersOf({ metric, positive, negative, margin, fallback, subset, keepEqualText }: MineLabelledOptions) {
  const chosen = { metric, positive, negative, margin, fallback, subset, keepEqualText };
  return labelledParameters(Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined)));
}

async function openLabelled({ data, columns = {} }: MineLabelledOptions, warnings: Warnings): Promise<LabelledData> {
  const found = typeof data === "string" ? await loadDataset(data, { columns, warnings }) : data;
  if (found.kind === "labelled") return found;
  throw inputError("wrong-kind", "the data are of another kind than this needs", {
    file: found.source,
    found: found.format,
    expected: "labelled items",
  });
}

function itemsOf(data: LabelledData, split: string): readonly LabelledItem[] {
  const ids = data.splits.get(split);
  if (ids !== undefined) return ids.map((id) => data.items.get(id) as LabelledItem);
  throw inputError("unknown-split", `the data have no split ${JSON.stringify(split)}`, {
    file: data.source,
    found: [...data.splits.keys()].join(", "),
    expected: split,
  });
}
