import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Hits, RetrievalData, TextItem } from "#nearmiss/base/types.js";

/** A path of the reference data beside the repository. */
export const shared = (path: string): string => fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url));

export const hasShared = (path: string): boolean => existsSync(shared(path));

function lines(path: string): string[] {
  const bytes = readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes)
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}

function items(path: string): Map<string, TextItem> {
  return new Map(
    lines(path).map((line) => {
      const { _id, title, text } = JSON.parse(line) as { _id: string; title?: string; text: string };
      return [_id, { id: _id, text: title === undefined || title === "" ? text : `${title} ${text}` }];
    }),
  );
}

/** A BEIR folder of the reference data, read with as little as possible. */
export function beirFolder(name: string, split: string): RetrievalData {
  const folder = shared(`data/${name}`);
  const judgements = new Map<string, Map<string, number>>();
  for (const line of lines(`${folder}/qrels/${split}.tsv`).slice(1)) {
    const [query = "", document = "", score] = line.split("\t");
    const known = judgements.get(query) ?? new Map<string, number>();
    judgements.set(query, known.set(document, Number(score)));
  }
  return {
    kind: "retrieval",
    format: "BEIR folder",
    source: folder,
    documents: items(`${folder}/corpus.jsonl.gz`),
    queries: items(`${folder}/queries.jsonl`),
    splits: new Map([[split, { name: split, judgements }]]),
    fingerprint: name,
  };
}

/** The hits of a TREC run, in the order of the file. */
export function runHits(path: string): ReadonlyMap<string, Hits> {
  const found = new Map<string, { ids: string[]; scores: number[] }>();
  for (const line of lines(path)) {
    const [query = "", , document = "", , score] = line.split(" ");
    const hits = found.get(query) ?? { ids: [], scores: [] };
    hits.ids.push(document);
    hits.scores.push(Number(score));
    found.set(query, hits);
  }
  return new Map([...found].map(([query, { ids, scores }]) => [query, { ids, scores: Float64Array.from(scores) }]));
}
