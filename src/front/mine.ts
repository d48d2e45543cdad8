import { inputError } from "../base/errors.js";
import type { Progress } from "../base/progress.js";
import type { Dataset, RetrievalData } from "../base/types.js";
import { version } from "../base/version.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { readGivenVectors, type VectorPair } from "../data/given-vectors.js";
import { loadData } from "../data/load.js";
import { splitOf } from "../data/splits.js";
import { createEngine } from "../engine/onnxruntime.js";
import type { Drawn } from "../negatives/drawing.js";
import type { Filter } from "../negatives/filter.js";
import { mine as minePools } from "../negatives/mine.js";
import { checkStandingFilter, parseFilter } from "../negatives/parse-filter.js";
import { parseSampler, type SamplerName } from "../negatives/parse-sampler.js";
import { candidateDocuments } from "../negatives/pools.js";
import type { Sampler } from "../negatives/sampler.js";
import { type NegativesFile, writeNegatives } from "../negatives/writing.js";
import type { IndexOptions } from "../search/indexes.js";
import type { IndexReport } from "../search/vector-index.js";
import { type Paid, paid } from "./paid.js";
import { type Chunking, indexesOf, openRetriever, readsVectors, VECTORS } from "./retrievers.js";

export interface MineNegativesOptions {
  /** Files, or data already read. */
  readonly data: string | RetrievalData;
  readonly columns?: Readonly<Record<string, string>>;
  /** Hears what the files were recognised as, before any work starts. */
  readonly recognised?: (data: Dataset) => void;
  /** Cuts documents before they are indexed, for texts longer than a model reads. */
  readonly chunks?: Chunking;
  /** How vectors are searched; default exact. */
  readonly index?: IndexOptions;
  /** A model folder, a URL, `bm25` or `tf-idf`; default `vectors`: those given, which the folder of a head needs too. */
  readonly model?: string;
  /** Another model's vectors of the queries and documents. */
  readonly vectors?: VectorPair;
  /** A name, or a sampler of one's own. */
  readonly sampler: SamplerName | Sampler;
  readonly params?: Readonly<Record<string, string | number>>;
  /** Texts such as `perc-pos=0.95`, or filters of one's own. */
  readonly filters?: readonly (string | Filter)[];
  /** Standing filters to turn off: `known-positives`, `equal-text`. */
  readonly without?: readonly string[];
  /** Negatives a query; default 4. */
  readonly count?: number;
  /** Candidates a query; default 100. */
  readonly depth?: number;
  readonly candidates?: "train" | "corpus";
  /** Default `train`. */
  readonly split?: string;
  readonly short?: "fewer" | "skip" | "fill";
  /** The loss's scale, by which samplers multiply score differences; default 20 for a model, 1 for BM25 and TF-IDF. */
  readonly scale?: number;
  readonly keepSelf?: boolean;
  readonly seed?: number;
  readonly threads?: number;
  readonly cache?: string | null;
  readonly warnings?: Warnings;
  readonly progress?: Progress;
}

/** Yields the filtered pool of each query with what was drawn from it, one query after another. */
export async function* mine(options: MineNegativesOptions): AsyncGenerator<Drawn> {
  const opened = await openMining(options);
  try {
    yield* opened.drawn;
  } finally {
    await opened.close();
  }
}

/** Mines into a file (`.jsonl` or `.jsonl.gz`) with its manifest beside it. */
export async function mineToFile(
  options: MineNegativesOptions & { readonly out: string; readonly format?: "triplets" | "tuples" | "pairs" | "pools" },
): Promise<NegativesFile & Paid & { readonly index?: IndexReport }> {
  checkOutput(options.out);
  const opened = await openMining(options);
  try {
    const { drawn, textOf, manifest, usage } = opened;
    const written = await writeNegatives(options.out, options.format ?? "triplets", drawn, textOf, manifest);
    const [index] = await opened.reports();
    return { ...written, ...(index === undefined ? {} : { index }), ...paid(usage) };
  } finally {
    await opened.close();
  }
}

/** Throws `bad-output` unless the name says JSON lines. */
export function checkOutput(path: string): void {
  if (/\.jsonl(\.gz)?$/.test(path)) return;
  throw inputError("bad-output", "mined negatives are JSON lines", {
    found: path,
    expected: "a name that ends in .jsonl or .jsonl.gz",
  });
}

async function openMining(options: MineNegativesOptions) {
  const { count = 4, depth = 100, short = "fewer", seed = 1, warnings = collectWarnings(), cache = null } = options;
  const model = options.model ?? VECTORS;
  if (options.vectors !== undefined && !readsVectors(model))
    throw inputError("bad-usage", "a model of texts has no use for the vectors of another", {
      field: "vectors",
      found: model,
      expected: "no model, or the folder of a head",
    });
  const params = new Map(Object.entries(options.params ?? {}).map(([name, value]) => [name, String(value)]));
  const sampler = typeof options.sampler === "string" ? parseSampler(options.sampler, params) : options.sampler;
  const filters = (options.filters ?? []).flatMap((filter) =>
    typeof filter === "string" ? (parseFilter(filter) ?? []) : filter,
  );
  const without = (options.without ?? []).map(checkStandingFilter);
  const data =
    typeof options.data === "string"
      ? await loadData(options.data, { columns: options.columns ?? {}, warnings, recognised: options.recognised })
      : options.data;
  const split = splitOf(data, options.split ?? "train");
  const set = options.candidates ?? "train";
  const documents = candidateDocuments(data, split, set);
  const given = options.vectors === undefined ? undefined : await readGivenVectors(options.vectors, data);
  const indexes = indexesOf([model], options);
  const engine = await createEngine(options.threads === undefined ? {} : { threads: options.threads });
  const { retriever, similarity, kind, usage } = await openRetriever(model, documents, {
    engine,
    given,
    cache,
    warnings,
    progress: options.progress,
    chunks: options.chunks,
    indexes,
  }).catch(async (error: unknown) => {
    await engine.close();
    throw error;
  });
  const drawn = minePools({
    data,
    split,
    documents,
    retriever,
    scorePairs: retriever.scorePairs,
    depth,
    similarity,
    scale: options.scale ?? (similarity === "bm25" ? 1 : 20),
    round: 0,
    seed,
    sampler,
    filters,
    without,
    count,
    short,
    warnings,
    ...(options.keepSelf === undefined ? {} : { keepSelf: options.keepSelf }),
    ...(options.progress === undefined ? {} : { progress: options.progress }),
  });
  return {
    drawn,
    textOf: (id: string) => data.documents.get(id)?.text ?? "",
    manifest: {
      version: version(),
      data: { source: data.source, format: data.format, fingerprint: data.fingerprint, split: split.name },
      model: { kind, name: model, fingerprint: retriever.fingerprint },
      parameters: {
        sampler: { name: sampler.name, params: sampler.params },
        filters: filters.map(({ name, params: values }) => ({ name, params: values })),
        without,
        count,
        depth,
        candidates: set,
        short,
        ...(options.index === undefined ? {} : { index: options.index }),
      },
      seed,
    },
    usage,
    reports: async () => (await indexes?.reports()) ?? [],
    close: () => engine.close(),
  };
}
