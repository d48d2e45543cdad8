import type { Progress } from "../base/progress.js";
import type { ScoringRetriever, Similarity, TextItem } from "../base/types.js";
import type { Vectors } from "../encode/encode.js";
import type { Role } from "../encode/model.js";
import { dot } from "../engine/nearest.js";
import type { Engine } from "../engine/types.js";
import { type Indexes, openIndexes } from "./indexes.js";
import { prepareRows, type VectorSource, vectorSource } from "./vector-source.js";

/** What a dense search needs of a model: its vectors, as they are now. */
export interface TextVectors {
  readonly fingerprint: string;
  readonly similarity: Similarity;
  readonly engine: Engine;
  encode(texts: readonly string[], options: { readonly as: Role; readonly progress?: Progress }): Promise<Vectors>;
}

/** The same of items, whatever their vectors come from. */
export interface ItemVectors {
  readonly fingerprint: string;
  readonly similarity: Similarity;
  readonly engine: Engine;
  vectorsOf(items: readonly TextItem[], options: { readonly as: Role; readonly progress?: Progress }): Promise<Vectors>;
  /** The vectors of documents where they can be read block by block, without the rest. */
  sourceOf?(documents: readonly TextItem[]): VectorSource;
}

/** A model's vectors of the items' texts. */
export function ofTexts({ encode, ...model }: TextVectors): ItemVectors {
  const vectorsOf: ItemVectors["vectorsOf"] = (items, options) =>
    encode(
      items.map((item) => item.text),
      options,
    );
  return { ...model, vectorsOf };
}

export interface DenseOptions {
  /** Hears of the encoding, and of an index that is built. */
  readonly progress?: Progress | undefined;
  /** Default: exact. */
  readonly indexes?: Indexes | undefined;
}

/**
 * Encodes the documents now and searches them. Later changes of the weights do not reach it: make another one. Scores are cosines or dot
 * products of float32 vectors, in float64, found or given.
 */
export async function denseRetriever(
  name: string,
  model: TextVectors | ItemVectors,
  documents: Iterable<TextItem>,
  { progress, indexes = openIndexes() }: DenseOptions = {},
): Promise<ScoringRetriever> {
  const items = [...documents];
  const { engine, similarity, fingerprint, vectorsOf, sourceOf } = "encode" in model ? ofTexts(model) : model;
  const source = sourceOf?.(items) ?? (await encoded(items, vectorsOf, progress));
  const { ids, dimension } = source;
  const index = await indexes.create(source, { engine, similarity, progress });
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const encodeQueries = async (queries: readonly TextItem[]): Promise<Float32Array> =>
    (await vectorsOf(queries, { as: "query" })).data;
  return {
    name,
    fingerprint,
    search: async (queries, k) => (queries.length === 0 ? [] : index.search(await encodeQueries(queries), k)),
    async scorePairs(pairs) {
      const distinct = [...new Map(pairs.map(({ query }) => [query.id, query])).values()];
      const queries = await encodeQueries(distinct);
      prepareRows(queries, dimension, similarity, (row) => `query ${distinct[row]?.id}`);
      const queryRow = new Map(distinct.map(({ id }, row) => [id, row]));
      const rows = Int32Array.from(new Set(pairs.flatMap(({ document }) => rowOf.get(document.id) ?? []))).sort();
      const vectors = new Float32Array(rows.length * dimension);
      await source.read(rows, vectors);
      prepareRows(vectors, dimension, similarity, (row) => `document ${ids[rows[row] as number]}`);
      const placeOf = new Map(Array.from(rows, (row, i) => [ids[row] as string, i * dimension]));
      return Float64Array.from(pairs, ({ query, document }) => {
        const place = placeOf.get(document.id);
        if (place === undefined) return Number.NaN;
        return dot(queries, vectors, (queryRow.get(query.id) as number) * dimension, place, dimension);
      });
    },
  };
}

async function encoded(
  items: readonly TextItem[],
  vectorsOf: ItemVectors["vectorsOf"],
  progress: Progress | undefined,
): Promise<VectorSource> {
  const reporting = progress === undefined ? {} : { progress };
  const { data, dimension } = await vectorsOf(items, { as: "document", ...reporting });
  return vectorSource(
    items.map(({ id }) => id),
    data,
    dimension,
  );
}
