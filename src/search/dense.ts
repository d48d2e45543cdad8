import type { Progress } from "../base/progress.js";
import type { ScoringRetriever, Similarity, TextItem } from "../base/types.js";
import type { Vectors } from "../encode/encode.js";
import type { Role } from "../encode/model.js";
import { dot } from "../engine/nearest.js";
import type { Engine } from "../engine/types.js";
import { createExactIndex } from "./exact.js";
import { prepareRows, vectorSource } from "./vector-source.js";

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

/**
 * Encodes the documents now and searches them exactly. Later changes of the weights do not reach it: make another one.
 * `progress` hears of the encoding. Scores are cosines or dot products of float32 vectors, in float64, found or given.
 */
export async function denseRetriever(
  name: string,
  model: TextVectors | ItemVectors,
  documents: Iterable<TextItem>,
  progress?: Progress,
): Promise<ScoringRetriever> {
  const { engine, similarity, fingerprint, vectorsOf } = "encode" in model ? ofTexts(model) : model;
  const items = [...documents];
  const reporting = progress === undefined ? {} : { progress };
  const { data, dimension } = await vectorsOf(items, { as: "document", ...reporting });
  const ids = items.map((item) => item.id);
  const index = await createExactIndex(vectorSource(ids, data, dimension), { engine, similarity });
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
      const document = new Float32Array(dimension);
      return Float64Array.from(pairs, (pair) => {
        const row = rowOf.get(pair.document.id);
        if (row === undefined) return Number.NaN;
        document.set(data.subarray(row * dimension, (row + 1) * dimension));
        prepareRows(document, dimension, similarity, () => `document ${pair.document.id}`);
        return dot(document, queries, 0, (queryRow.get(pair.query.id) as number) * dimension);
      });
    },
  };
}
