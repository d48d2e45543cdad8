import { createHash } from "node:crypto";
import { inputError } from "../base/errors.js";
import { canonicalText, compareCodePoints } from "../base/text.js";
import type { Judgements, RetrievalData, Split } from "../base/types.js";

/** A split by its name. Throws `unknown-split` with the names there are. */
export function splitOf(data: RetrievalData, name: string): Split {
  const split = data.splits.get(name);
  if (split !== undefined) return split;
  throw inputError("unknown-split", `the data have no split ${JSON.stringify(name)}`, {
    file: data.source,
    found: [...data.splits.keys()].join(", "),
    expected: name,
  });
}

/**
 * The data with a split `devSplit`: as they are when they have one; otherwise one query group in ten of `trainSplit`, chosen by the hash of
 * its smallest query id, is held out. A group is the queries that are connected through shared relevant documents or equal texts, so
 * that no dev positive is a train positive. A group of more than half of the queries is never held out; where the hash chooses none, the group
 * of the smallest hash is. The fingerprint stays, since the choice is a function of the content. Throws `no-dev-split` when there is nothing to choose from.
 */
export function ensureDev(data: RetrievalData, devSplit = "dev", trainSplit = "train"): RetrievalData {
  if (data.splits.has(devSplit)) return data;
  const train = splitOf(data, trainSplit);
  const groups = queryGroups(data, train)
    .filter((group) => group.length * 2 <= train.judgements.size)
    .map((group) => ({ group, hash: hashOf(group.reduce((a, b) => (compareCodePoints(a, b) <= 0 ? a : b))) }))
    .sort((a, b) => compareCodePoints(a.hash, b.hash));
  const first = groups[0];
  if (first === undefined) {
    throw inputError("no-dev-split", `there is no split ${JSON.stringify(devSplit)} and nothing can be held out`, {
      file: data.source,
      found: `${train.judgements.size} queries, all connected through shared documents`,
      expected: "at least two queries without a common positive",
      hint: "add a dev split to the data",
    });
  }
  const chosen = groups.filter(({ hash }) => Number.parseInt(hash.slice(0, 8), 16) % 10 === 0);
  const held = new Set((chosen.length > 0 ? chosen : [first]).flatMap(({ group }) => group));
  const splits = new Map(data.splits);
  splits.set(
    trainSplit,
    part(train, trainSplit, (query) => !held.has(query)),
  );
  splits.set(
    devSplit,
    part(train, devSplit, (query) => held.has(query)),
  );
  return { ...data, splits };
}

/** The queries of a split, grouped with those they share a relevant document or the text with (union-find). */
function queryGroups(data: RetrievalData, { judgements }: Split): readonly (readonly string[])[] {
  const queries = [...judgements.keys()];
  const parent = queries.map((_, i) => i);
  const root = (start: number): number => {
    let at = start;
    for (let up = parent[at] as number; up !== at; up = parent[at] as number) {
      parent[at] = parent[up] as number;
      at = parent[at] as number;
    }
    return at;
  };
  const firstWith = { document: new Map<string, number>(), text: new Map<string, number>() };
  const connect = (map: Map<string, number>, key: string, query: number) => {
    const first = map.get(key);
    if (first === undefined) map.set(key, query);
    else parent[root(query)] = root(first);
  };
  for (const [i, id] of queries.entries()) {
    connect(firstWith.text, canonicalText(data.queries.get(id)?.text ?? id), i);
    for (const document of relevant(judgements.get(id))) connect(firstWith.document, document, i);
  }
  const groups = new Map<number, string[]>();
  for (const [i, id] of queries.entries()) {
    const group = groups.get(root(i)) ?? [];
    group.push(id);
    groups.set(root(i), group);
  }
  return [...groups.values()];
}

/** The ids of the documents that are relevant (> 0), in the order of the judgements. */
export function relevant(judgements: Judgements | undefined): readonly string[] {
  return [...(judgements ?? [])].filter(([, relevance]) => relevance > 0).map(([id]) => id);
}

function part(split: Split, name: string, keep: (query: string) => boolean): Split {
  const judgements = new Map([...split.judgements].filter(([query]) => keep(query)));
  if (split.negatives === undefined) return { name, judgements };
  return { name, judgements, negatives: new Map([...split.negatives].filter(([query]) => keep(query))) };
}

function hashOf(id: string): string {
  return createHash("sha256").update(id, "utf8").digest("hex");
}
