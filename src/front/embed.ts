import { inputError } from "../base/errors.js";
import type { Progress } from "../base/progress.js";
import type { LabelledData, LabelledItem, TextItem } from "../base/types.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { isMlpFolder } from "../checkpoint/index.js";
import { readVectorMatrix } from "../data/given-vectors.js";
import { hasLabels } from "../data/labelled-vectors.js";
import { loadDataset } from "../data/load.js";
import { readTexts, type TextSource } from "../data/texts.js";
import { vectorLine, writeNpy, writeVectorLines, writeVectorParquet } from "../data/vectors.js";
import { isHosted } from "../encode/hosted.js";
import type { Role } from "../encode/model.js";
import { createEngine } from "../engine/onnxruntime.js";
import { itemVectors } from "./labelled-vectors.js";
import { hostedModel, load } from "./load.js";
import { type Paid, paid } from "./paid.js";

export interface EmbedOptions {
  /** A folder, or a URL `https://host/v1#name`. */
  readonly model: string;
  /** A file's path, or the bytes of standard input. */
  readonly input: TextSource;
  /** `.npy`, `.jsonl`, `.jsonl.gz` or `.parquet`; absent: lines go to `write`. */
  readonly output?: string;
  readonly write?: (line: string) => void;
  /** Default `document`. */
  readonly as?: Role;
  /** Default `float32`. */
  readonly precision?: "float32" | "int8";
  /** Part i of n, counted from 0: consecutive texts. */
  readonly shard?: { readonly index: number; readonly count: number };
  readonly threads?: number;
  readonly cache?: string | null;
  readonly warnings?: Warnings;
  readonly progress?: Progress;
}

/** `result` of `nearmiss embed`. */
export interface EmbedResult extends Paid {
  readonly texts: number;
  readonly dimension: number;
  readonly model: string;
  readonly fingerprint: string;
  readonly output: string | null;
}

/** Encodes texts of a file or stream, in their order; with a network, the pictures or vectors of a data set. */
export async function embed(options: EmbedOptions): Promise<EmbedResult> {
  const { output, as = "document", warnings = collectWarnings() } = options;
  if (output !== undefined && !/\.(npy|jsonl|jsonl\.gz|parquet)$/.test(output)) {
    throw inputError("unknown-format", "vectors are written in no such format", {
      file: output,
      expected: "a name that ends in .npy, .jsonl, .jsonl.gz or .parquet",
    });
  }
  const opening = {
    cache: options.cache ?? null,
    warnings,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.precision === undefined ? {} : { precision: options.precision }),
  };
  if (options.precision === "int8" && isHosted(options.model)) {
    throw inputError("no-int8", "a model behind a URL computes as it does", { field: "--precision", found: "int8" });
  }
  if (!isHosted(options.model) && isMlpFolder(options.model)) return embedItems(options, warnings);
  const hosted = isHosted(options.model) ? hostedModel(options.model, opening) : null;
  const model = hosted ?? (await load(options.model, opening));
  try {
    const all: TextItem[] = [];
    for await (const item of readTexts(options.input, warnings)) all.push(item);
    const items = shardOf(all, options.shard);
    const { data, dimension } = await model.encode(
      items.map((item) => item.text),
      { as, ...(options.progress === undefined ? {} : { progress: options.progress }) },
    );
    const vectors = items.map(({ id }, i) => ({ id, vector: data.subarray(i * dimension, (i + 1) * dimension) }));
    await put(vectors, dimension, options);
    return {
      texts: items.length,
      dimension,
      model: options.model,
      fingerprint: model.fingerprint,
      output: output ?? null,
      ...paid(hosted?.usage),
    };
  } finally {
    if ("close" in model) await model.close();
  }
}

/** Pictures or vectors, of a data set all splits in order, through a network. */
async function embedItems(options: EmbedOptions, warnings: Warnings): Promise<EmbedResult> {
  const { model, input, output, threads, progress } = options;
  if (typeof input !== "string" || options.precision === "int8")
    throw inputError("bad-usage", "a network on pictures or vectors reads files, in float32", {
      field: typeof input === "string" ? "--precision" : "--input",
      expected: typeof input === "string" ? "float32" : "a file or folder of pictures or vectors",
    });
  const data = await itemsIn(input, warnings);
  const items = shardOf(data.items, options.shard);
  const engine = await createEngine(threads === undefined ? {} : { threads });
  try {
    const found = await itemVectors(data, items, { model, engine, cache: null, warnings, progress });
    const { vectors: all, dimension, fingerprint } = found;
    const vectors = items.map(({ id }, i) => ({ id, vector: all.subarray(i * dimension, (i + 1) * dimension) }));
    await put(vectors, dimension, options);
    return { texts: items.length, dimension, model, fingerprint, output: output ?? null };
  } finally {
    await engine.close();
  }
}

/** The pictures or vectors of a data set, or the rows of a `.npy` without labels: these are called by the ids beside it, else by their number, counted from 0. */
async function itemsIn(
  input: string,
  warnings: Warnings,
): Promise<Pick<LabelledData, "content"> & { readonly items: readonly LabelledItem[] }> {
  if (input.endsWith(".npy") && !hasLabels(input)) {
    const { data, dimension, ids } = await readVectorMatrix(input);
    const items = Array.from({ length: data.length / dimension }, (_, i) => ({
      id: ids?.[i] ?? String(i),
      vector: data.subarray(i * dimension, (i + 1) * dimension),
      labels: [],
    }));
    return { content: "vector", items };
  }
  const data = await loadDataset(input, { warnings });
  if (data.kind === "labelled" && data.content !== "text") return { ...data, items: [...data.items.values()] };
  throw inputError("wrong-model", "a network on numbers cannot read these", { file: input, found: data.format });
}

/** Writes vectors where they are asked for. */
async function put(
  vectors: readonly { readonly id: string; readonly vector: Float32Array }[],
  dimension: number,
  { output, write }: Pick<EmbedOptions, "output" | "write">,
): Promise<void> {
  if (output === undefined) for (const { id, vector } of vectors) write?.(vectorLine(id, vector));
  else if (output.endsWith(".npy")) await writeNpy(output, vectors, [vectors.length, dimension]);
  else if (output.endsWith(".parquet")) await writeVectorParquet(output, vectors);
  else await writeVectorLines(output, vectors);
}

function shardOf<T>(items: readonly T[], shard: EmbedOptions["shard"]): readonly T[] {
  if (shard === undefined) return items;
  const at = (index: number) => Math.floor((items.length * index) / shard.count);
  return items.slice(at(shard.index), at(shard.index + 1));
}
