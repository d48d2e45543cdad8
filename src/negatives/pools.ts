import { oneAhead } from "../base/ahead.js";
import { chunks } from "../base/chunks.js";
import { inputError, workError } from "../base/errors.js";
import { noProgress, type Progress } from "../base/progress.js";
import { type Rng, rng } from "../base/rng.js";
import { compareCodePoints } from "../base/text.js";
import type { Candidate, Hits, RetrievalData, Retriever, ScoredPool, Split, TextItem } from "../base/types.js";
import type { Sampler } from "./sampler.js";

export interface ScoredPair {
  readonly query: TextItem;
  readonly document: TextItem;
}

/** Scores of given pairs, one each, in the units of the retriever that ranks the pool. */
export type PairScores = (pairs: readonly ScoredPair[]) => Promise<ArrayLike<number>>;

/** What pools are built from. */
export interface PoolRequest {
  readonly data: RetrievalData;
  /** Queries with at least one relevant document take part, in the order of the split. */
  readonly split: Split;
  /** The candidates; see `candidateDocuments`. */
  readonly documents: ReadonlyMap<string, TextItem>;
  /** Searches exactly `documents`. */
  readonly retriever: Retriever;
  readonly scorePairs: PairScores;
  /** Candidates a query, known positives among them. */
  readonly depth: number;
  readonly similarity: ScoredPool["similarity"];
  /** The loss's scale, 1 / temperature; 1 for a retriever without a loss. */
  readonly scale: number;
  readonly round: number;
  /** Seed of pools that are drawn from the corpus; nearest ones do not depend on it. */
  readonly seed: number;
  /** Keeps a document with the id of the query in its pool. */
  readonly keepSelf?: boolean;
  /** Queries that are searched at a time; default 512. The next ones are searched while one's pools are used. */
  readonly block?: number;
  readonly progress?: Progress;
}

/** Which documents negatives are taken from: those that the split's judgements (and negatives) name, or all. */
export type CandidateSet = "train" | "corpus";

/** The candidates of a split, in the order of the corpus. With `train`, documents of other splits are never mined. */
export function candidateDocuments(
  data: RetrievalData,
  split: Split,
  set: CandidateSet,
): ReadonlyMap<string, TextItem> {
  if (set === "corpus") return data.documents;
  const named = new Set<string>();
  for (const judgements of split.judgements.values()) for (const id of judgements.keys()) named.add(id);
  for (const ids of split.negatives?.values() ?? []) for (const id of ids) named.add(id);
  return new Map([...data.documents].filter(([id]) => named.has(id)));
}

/**
 * One pool a query, streamed by blocks of queries, so that memory is bounded by block and depth. Candidates stand by score descending, then
 * id ascending. In a `nearest` pool they are the best of the retriever; in a `corpus` pool they are drawn uniformly without replacement,
 * and ranks count within the draw. Positives have a score whether the pool holds them or not; their rank is null if it does not.
 *
 * Throws a work error for a score that is not finite.
 */
export async function* buildPools(request: PoolRequest, source: Sampler["pool"]): AsyncGenerator<ScoredPool> {
  const { data, split, documents, depth, block = 512, progress = noProgress } = request;
  if (!(Number.isInteger(depth) && depth >= 1)) {
    throw inputError("bad-value", "the depth of a pool is out of range", {
      found: String(depth),
      expected: "an integer of at least 1",
    });
  }
  if (documents.size === 0)
    throw inputError("no-candidates", `split ${split.name} has no documents to take negatives from`);
  const asked = [...split.judgements].flatMap(([id, judgements]) => {
    const query = data.queries.get(id);
    const positives = [...judgements].filter(([, relevance]) => relevance > 0).map(([document]) => document);
    return query === undefined || positives.length === 0 ? [] : [{ query, positives }];
  });
  const search = async (part: typeof asked) => {
    const queries = part.map(({ query }) => query);
    const lists = source === "nearest" ? await nearestLists(request, queries) : await drawnLists(request, queries);
    return { part, lists, positives: await scorePositives(request, part, lists) };
  };
  let done = 0;
  for await (const { part, lists, positives } of oneAhead(chunks(asked, block), search)) {
    for (let i = 0; i < part.length; i++) {
      yield {
        query: (part[i] as (typeof part)[number]).query,
        positives: positives[i] as ScoredPool["positives"],
        similarity: request.similarity,
        scale: request.scale,
        candidates: lists[i] as readonly Candidate[],
        round: request.round,
      };
    }
    done += part.length;
    progress({ stage: "pools", done, total: asked.length });
  }
}

async function nearestLists(request: PoolRequest, queries: readonly TextItem[]): Promise<Candidate[][]> {
  const { retriever, depth, documents, keepSelf = false } = request;
  // One more is asked for where a query may find itself.
  const more = keepSelf || !queries.some(({ id }) => documents.has(id)) ? 0 : 1;
  const found = await retriever.search(queries, depth + more);
  return queries.map(({ id }, i) => {
    const { ids, scores } = found[i] as Hits;
    const hits = ids.map((document, rank) => ({ id: document, score: scores[rank] as number }));
    return ranked(keepSelf ? hits : hits.filter((hit) => hit.id !== id), retriever.name, id).slice(0, depth);
  });
}

async function drawnLists(request: PoolRequest, queries: readonly TextItem[]): Promise<Candidate[][]> {
  const { documents, depth, seed, round, keepSelf = false } = request;
  const all = [...documents.values()];
  const pairs = queries.flatMap((query) =>
    drawDistinct(all.length, depth, rng(seed, "pool", round, query.id))
      .map((index) => ({ query, document: all[index] as TextItem }))
      .filter(({ document }) => keepSelf || document.id !== query.id),
  );
  const scores = await scoreAll(request, pairs);
  const lists = new Map<string, { id: string; score: number }[]>(queries.map(({ id }) => [id, []]));
  pairs.forEach(({ query, document }, i) => {
    lists.get(query.id)?.push({ id: document.id, score: scores[i] as number });
  });
  return queries.map(({ id }) => ranked(lists.get(id) ?? [], "scorePairs", id));
}

async function scorePositives(
  request: PoolRequest,
  part: readonly { readonly query: TextItem; readonly positives: readonly string[] }[],
  lists: readonly (readonly Candidate[])[],
): Promise<ScoredPool["positives"][]> {
  const held = lists.map((list) => new Map(list.map((candidate) => [candidate.id, candidate])));
  const outside = part.flatMap(({ query, positives }, i) =>
    positives
      .filter((id) => !held[i]?.has(id))
      .map((id) => ({ query, document: documentOf(request.data.documents, id) })),
  );
  const scores = await scoreAll(request, outside);
  let next = 0;
  return part.map(({ positives }, i) =>
    positives.map((id) => {
      const { score, rank = null } = held[i]?.get(id) ?? { score: scores[next++] as number };
      return { id, score, rank };
    }),
  );
}

/** Scores of pairs; throws where one is missing or not finite. */
export async function scoreAll(request: PoolRequest, pairs: readonly ScoredPair[]): Promise<ArrayLike<number>> {
  if (pairs.length === 0) return [];
  const scores = await request.scorePairs(pairs);
  pairs.forEach(({ query, document }, i) => {
    if (!Number.isFinite(scores[i])) throw badScore("scorePairs", query.id, document.id, scores[i]);
  });
  return scores;
}

/** A document by id; throws where the corpus has none. */
export function documentOf(documents: ReadonlyMap<string, TextItem>, id: string): TextItem {
  const document = documents.get(id);
  if (document === undefined)
    throw inputError("unknown-document", "a judged document is not in the corpus", { found: id });
  return document;
}

function ranked(hits: readonly { id: string; score: number }[], source: string, queryId: string): Candidate[] {
  for (const { id, score } of hits) if (!Number.isFinite(score)) throw badScore(source, queryId, id, score);
  return [...hits]
    .sort((a, b) => b.score - a.score || compareCodePoints(a.id, b.id))
    .map(({ id, score }, i) => ({ id, score, rank: i + 1 }));
}

function badScore(source: string, query: string, document: string, score: number | undefined): Error {
  return workError("bad-score", `${source} gave a score that is not finite`, {
    found: `${score} for query ${query} and document ${document}`,
    expected: "a finite number",
  });
}

/** `count` distinct indices below n (all, where there are not more), each set equally likely (Floyd's algorithm). */
function drawDistinct(n: number, count: number, generator: Rng): number[] {
  const drawn = new Set<number>();
  for (let j = Math.max(0, n - count); j < n; j++) {
    const index = generator.int(j + 1);
    drawn.add(drawn.has(index) ? j : index);
  }
  return [...drawn];
}
