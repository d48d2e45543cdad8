import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import type { Hits, RetrievalData, Retriever, TextItem } from "#nearmiss/base/types.js";
import { parseMeasures } from "#nearmiss/evaluate/measures.js";
import { judgedQueries, perQuery } from "#nearmiss/evaluate/per-query.js";
import { bm25 } from "#nearmiss/search/bm25.js";
import { tfIdf } from "#nearmiss/search/tf-idf.js";
import { beirFolder, hasShared, runHits, shared } from "./reference-data.js";

export interface Floor {
  readonly set: string;
  readonly split: string;
  /** nDCG@10, MRR@10, recall@10, recall@100, hit@1 to four digits. */
  readonly bm25: readonly number[];
  readonly tfIdf: readonly number[];
  /** The documents as the figures were computed on them. */
  readonly prepare?: (document: TextItem) => TextItem;
}

const measures = parseMeasures("ndcg@10,mrr@10,recall@10,recall@100,hit@1");

/** One test a row: means equal the published figures, and scores equal the published run where there is one. */
export function testFloor(floor: Floor): void {
  test.skipIf(!hasShared(`data/${floor.set}`))(`${floor.set} ${floor.split} reaches the published floors`, async () => {
    const data = beirFolder(floor.set, floor.split);
    const documents = [...data.documents.values()].map(floor.prepare ?? ((document) => document));
    expect(await means(data, floor.split, bm25(documents), "bm25")).toEqual(floor.bm25);
    expect(await means(data, floor.split, tfIdf(documents), "tfidf")).toEqual(floor.tfIdf);
  });
}

async function means(data: RetrievalData, name: string, retriever: Retriever, runName: string): Promise<number[]> {
  const split = data.splits.get(name)!;
  const queries = judgedQueries(split);
  const found = await retriever.search(
    queries.map((id) => data.queries.get(id)!),
    100,
  );
  const hits = new Map(queries.map((id, i) => [id, found[i]!]));
  const run = shared(`data/${data.fingerprint}/runs/${runName}.${name}.trec.gz`);
  if (existsSync(run)) checkRun(hits, runHits(run));
  const values = perQuery(hits, split, queries, measures, { keepSelf: true });
  return [...values.values()].map((one) => Number((one.reduce((a, b) => a + b, 0) / one.length).toFixed(4)));
}

/** Same documents at the same scores, to the six digits of the file. */
function checkRun(got: ReadonlyMap<string, Hits>, want: ReadonlyMap<string, Hits>): void {
  let largest = 0;
  for (const [query, { ids, scores }] of want) {
    const found = got.get(query)!;
    expect(found.scores.length, query).toBe(scores.length);
    const byId = new Map(found.ids.map((id, i) => [id, found.scores[i]!]));
    const last = scores[scores.length - 1]!;
    ids.forEach((id, i) => {
      largest = Math.max(largest, Math.abs(scores[i]! - found.scores[i]!));
      // Of documents tied at the cut, either may be in.
      if (scores[i]! > last) largest = Math.max(largest, Math.abs(scores[i]! - (byId.get(id) ?? Number.NaN)));
    });
  }
  expect(largest).toBeLessThan(6e-7);
}
