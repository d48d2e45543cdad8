import type { RetrievalData, Split } from "../base/types.js";

const usualOrder = ["train", "dev", "test"];

/** What was recognised, for people, in a line and one more a split: format, documents, queries, judgements. */
export function describeData(data: RetrievalData): string {
  const head = `${data.source}: ${data.format}, ${count(data.documents.size, "document")}, ${count(data.queries.size, "query")}`;
  return [head, ...[...data.splits.values()].sort((a, b) => rank(a) - rank(b)).map(describeSplit)].join("\n");
}

function describeSplit({ name, judgements, negatives }: Split): string {
  let judged = 0;
  let relevant = 0;
  for (const documents of judgements.values()) {
    judged += documents.size;
    for (const relevance of documents.values()) if (relevance > 0) relevant++;
  }
  let given = 0;
  for (const ids of negatives?.values() ?? []) given += ids.length;
  const parts = [count(judgements.size, "query"), `${count(judged, "judgement")} (${number(relevant)} relevant)`];
  if (given > 0) parts.push(count(given, "given negative"));
  return `  ${name}: ${parts.join(", ")}`;
}

function rank({ name }: Split): number {
  const at = usualOrder.indexOf(name);
  return at < 0 ? usualOrder.length : at;
}

function count(n: number, noun: string): string {
  const plural = noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${number(n)} ${n === 1 ? noun : plural}`;
}

const number = (n: number): string => n.toLocaleString("en-US");
