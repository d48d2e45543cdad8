import type { Candidate, RetrievalData, Retriever, ScoredPool, Split, TextItem } from "#nearmiss/base/types.js";
import type { PairScores, PoolRequest } from "#nearmiss/negatives/pools.js";

/** A pool of one positive (score `positive`, retrieved) and candidates with the given scores, best first. */
export function pool(scores: readonly number[], positive = 0, more: Partial<ScoredPool> = {}): ScoredPool {
  return {
    query: { id: "q", text: "a question" },
    positives: [{ id: "positive", score: positive, rank: 1 }],
    similarity: "cosine",
    scale: 1,
    candidates: scores.map((score, i) => ({ id: `d${i}`, score, rank: i + 1 })),
    round: 0,
    ...more,
  };
}

/** The same candidates, some of them rejected. */
export function reject(from: ScoredPool, ...ids: readonly string[]): ScoredPool {
  const rejected = { filter: "abs", value: 1, threshold: 0 };
  return { ...from, candidates: from.candidates.map((one) => (ids.includes(one.id) ? { ...one, rejected } : one)) };
}

export const ids = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);

export const rejections = (from: ScoredPool): (string | null)[] =>
  from.candidates.map((one: Candidate) => one.rejected?.filter ?? null);

/** A small data set: query i asks for document i (and i + 1 where i is even); scores fall with the distance of the numbers. */
export function tinyData(queries = 12, documents = 40): RetrievalData {
  const item = (id: string, text: string): [string, TextItem] => [id, { id, text }];
  const judgements = new Map(
    Array.from({ length: queries }, (_, i) => {
      const relevant = i % 2 === 0 ? [i, i + 1] : [i];
      return [`q${i}`, new Map(relevant.map((n) => [`d${n}`, 1]))] as const;
    }),
  );
  return {
    kind: "retrieval",
    format: "test",
    source: "test",
    documents: new Map(Array.from({ length: documents }, (_, i) => item(`d${i}`, `document ${i}`))),
    queries: new Map(Array.from({ length: queries }, (_, i) => item(`q${i}`, `question ${i}`))),
    splits: new Map([["train", { name: "train", judgements }]]),
    fingerprint: "sha256:test",
  };
}

const numberOf = (id: string): number => Number(id.slice(1));

/** 1 where the numbers are equal, falling smoothly with their distance; a little higher above than below, so that few scores tie. */
export function tinyScore(queryId: string, documentId: string): number {
  const distance = numberOf(documentId) - numberOf(queryId);
  return 1 - Math.abs(distance + 0.1) / 50;
}

export const tinyPairs: PairScores = async (pairs) =>
  pairs.map(({ query, document }) => tinyScore(query.id, document.id));

export function tinyRetriever(documents: ReadonlyMap<string, TextItem>): Retriever {
  return {
    name: "tiny",
    fingerprint: "sha256:tiny",
    async search(queries, k) {
      return queries.map(({ id }) => {
        const found = [...documents.keys()]
          .map((document) => ({ id: document, score: tinyScore(id, document) }))
          .sort((a, b) => b.score - a.score)
          .slice(0, k);
        return { ids: ids(found), scores: Float64Array.from(found, ({ score }) => score) };
      });
    },
  };
}

export function tinyRequest(more: Partial<PoolRequest> = {}): PoolRequest {
  const data = more.data ?? tinyData();
  const documents = more.documents ?? data.documents;
  return {
    data,
    split: data.splits.get("train") as Split,
    documents,
    retriever: tinyRetriever(documents),
    scorePairs: tinyPairs,
    depth: 10,
    similarity: "cosine",
    scale: 20,
    round: 0,
    seed: 1,
    ...more,
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Upper 0.1 % point of chi-square (Wilson and Hilferty's approximation). */
export function chiSquareLimit(degrees: number): number {
  return degrees * (1 - 2 / (9 * degrees) + 3.0902 * Math.sqrt(2 / (9 * degrees))) ** 3;
}

/** Pearson's statistic of counts against probabilities, cells with an expected count below 5 pooled, with its degrees of freedom. */
export function chiSquare(counts: readonly number[], probabilities: Float64Array): { value: number; degrees: number } {
  const n = counts.reduce((a, b) => a + b, 0);
  const cells: { seen: number; expected: number }[] = [];
  const rest = { seen: 0, expected: 0 };
  probabilities.forEach((p, i) => {
    const seen = counts[i] as number;
    if (n * p >= 5) cells.push({ seen, expected: n * p });
    else {
      rest.seen += seen;
      rest.expected += n * p;
    }
  });
  if (rest.expected >= 1) cells.push(rest);
  else if (rest.seen > 5) return { value: Number.POSITIVE_INFINITY, degrees: 1 };
  const value = cells.reduce((sum, { seen, expected }) => sum + (seen - expected) ** 2 / expected, 0);
  return { value, degrees: Math.max(1, cells.length - 1) };
}
