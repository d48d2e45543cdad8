import { inputError } from "../base/errors.js";
import type { Hits, RetrievalData, Retriever } from "../base/types.js";
import type { PerQueryOptions } from "./per-query.js";

/**
 * What a retriever finds for queries of a data set, at most `depth` documents each. A document with the query's own id is left out, and the
 * next one takes its place, unless `keepSelf`. Throws on a query that the data lack.
 */
export async function retrieve(
  retriever: Retriever,
  data: RetrievalData,
  queries: readonly string[],
  depth: number,
  { keepSelf = false }: PerQueryOptions = {},
): Promise<ReadonlyMap<string, Hits>> {
  const items = queries.map((id) => {
    const item = data.queries.get(id);
    if (item === undefined) throw inputError("unknown-id", "the data lack a query", { file: data.source, found: id });
    return item;
  });
  const leavesOut = !keepSelf && queries.some((id) => data.documents.has(id));
  const found = await retriever.search(items, leavesOut ? depth + 1 : depth);
  return new Map(queries.map((id, i) => [id, leavesOut ? without(found[i]!, id, depth) : found[i]!]));
}

function without({ ids, scores }: Hits, id: string, depth: number): Hits {
  const at = ids.indexOf(id);
  const kept = at < 0 ? { ids, scores } : { ids: ids.toSpliced(at, 1), scores: scores.filter((_, i) => i !== at) };
  return { ids: kept.ids.slice(0, depth), scores: kept.scores.slice(0, depth) };
}
