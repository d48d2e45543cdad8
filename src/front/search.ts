import type { Progress } from "../base/progress.js";
import type { Dataset, RetrievalData } from "../base/types.js";
import { collectWarnings, type Warnings } from "../base/warnings.js";
import { loadData } from "../data/load.js";
import { createEngine } from "../engine/onnxruntime.js";
import type { IndexOptions } from "../search/indexes.js";
import type { IndexReport } from "../search/vector-index.js";
import { type Paid, paid } from "./paid.js";
import { type Chunking, indexesOf, openRetriever } from "./retrievers.js";

export interface SearchOptions {
  readonly model: string;
  readonly data: string | RetrievalData;
  readonly columns?: Readonly<Record<string, string>>;
  /** Hears what the files were recognised as, before any work starts. */
  readonly recognised?: (data: Dataset) => void;
  /** Cuts documents before they are indexed, for texts longer than a model reads. */
  readonly chunks?: Chunking;
  /** How vectors are searched; default exact. */
  readonly index?: IndexOptions;
  readonly query: string;
  /** Hits; default 10. */
  readonly top?: number;
  readonly threads?: number;
  readonly cache?: string | null;
  readonly warnings?: Warnings;
  readonly progress?: Progress;
}

/** `result` of `nearmiss search`. */
export interface SearchResult extends Paid {
  readonly query: string;
  readonly model: string;
  readonly hits: readonly {
    readonly rank: number;
    readonly id: string;
    readonly score: number;
    readonly title?: string;
    readonly text: string;
  }[];
  /** How an index that was asked for searched. */
  readonly index?: IndexReport;
}

/** Answers one query from the documents of a data set. */
export async function search(options: SearchOptions): Promise<SearchResult> {
  const searcher = await openSearch(options);
  try {
    return await searcher.ask(options.query, options.top ?? 10);
  } finally {
    await searcher.close();
  }
}

/** Indexes the documents once, to be asked many times. */
export async function openSearch(options: Omit<SearchOptions, "query" | "top">) {
  const { warnings = collectWarnings(), cache = null } = options;
  const data =
    typeof options.data === "string"
      ? await loadData(options.data, { columns: options.columns ?? {}, warnings, recognised: options.recognised })
      : options.data;
  const indexes = indexesOf([options.model], options);
  const engine = await createEngine(options.threads === undefined ? {} : { threads: options.threads });
  const { retriever, usage } = await openRetriever(options.model, data.documents, {
    engine,
    cache,
    warnings,
    progress: options.progress,
    chunks: options.chunks,
    indexes,
  }).catch(async (error: unknown) => {
    await engine.close();
    throw error;
  });
  return {
    async ask(query: string, top: number): Promise<SearchResult> {
      const [hits] = await retriever.search([{ id: "query", text: query }], top);
      const [index] = (await indexes?.reports()) ?? [];
      return {
        query,
        model: options.model,
        hits: (hits?.ids ?? []).map((id, i) => {
          const document = data.documents.get(id);
          const title = document?.title === undefined || document.title === "" ? {} : { title: document.title };
          return { rank: i + 1, id, score: hits?.scores[i] ?? 0, ...title, text: document?.text ?? "" };
        }),
        ...(index === undefined ? {} : { index }),
        ...paid(usage),
      };
    },
    close: () => engine.close(),
  };
}
