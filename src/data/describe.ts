import type { Dataset, RetrievalData, Split } from "../base/types.js";

const usualOrder = ["train", "dev", "test"];

/** What was recognised, for people, in a line and one more a split: format, items, splits. */
export function describeData(data: Dataset): string {
  const lines = [...data.splits.keys()]
    .sort((a, b) => rank(a) - rank(b))
    .map((name) => `  ${name}: ${splitOf(data, name)}`);
  return [`${data.source}: ${[data.format, ...totals(data)].join(", ")}`, ...lines].join("\n");
}

function totals(data: Dataset): readonly string[] {
  switch (data.kind) {
    case "retrieval":
      return [count(data.documents.size, "document"), count(data.queries.size, "query")];
    case "labelled": {
      const labels = new Set([...data.items.values()].flatMap((item) => item.labels));
      const size =
        data.picture === undefined ? [] : [`${data.picture.height} × ${data.picture.width} × ${data.picture.channels}`];
      return [count(data.items.size, "item"), count(labels.size, "label"), ...size];
    }
    case "scored":
      return [];
    case "interactions":
      return [count(data.items.size, "item")];
    case "triples":
      return [count(data.entities.size, "entity"), count(data.relations.size, "relation")];
  }
}

function splitOf(data: Dataset, name: string): string {
  switch (data.kind) {
    case "retrieval":
      return judged(data, name);
    case "labelled": {
      const ids = data.splits.get(name) ?? [];
      const labels = new Set(ids.flatMap((id) => data.items.get(id)?.labels ?? []));
      return `${count(ids.length, "item")} of ${count(labels.size, "label")}`;
    }
    case "scored": {
      const scores = (data.splits.get(name) ?? []).map((pair) => pair.score);
      const [low, high] = scores.reduce(
        ([a, b], score) => [Math.min(a, score), Math.max(b, score)],
        [Infinity, -Infinity],
      );
      return `${count(scores.length, "pair")}, scores from ${low} to ${high}`;
    }
    case "interactions": {
      const users = data.splits.get(name) ?? new Map();
      let interactions = 0;
      for (const list of users.values()) interactions += list.length;
      return `${count(users.size, "user")}, ${count(interactions, "interaction")}`;
    }
    case "triples":
      return count(data.splits.get(name)?.length ?? 0, "triple");
  }
}

function judged(data: RetrievalData, name: string): string {
  const { judgements, negatives } = data.splits.get(name) as Split;
  let all = 0;
  let relevant = 0;
  for (const documents of judgements.values()) {
    all += documents.size;
    for (const relevance of documents.values()) if (relevance > 0) relevant++;
  }
  let given = 0;
  for (const ids of negatives?.values() ?? []) given += ids.length;
  const parts = [count(judgements.size, "query"), `${count(all, "judgement")} (${number(relevant)} relevant)`];
  if (given > 0) parts.push(count(given, "given negative"));
  return parts.join(", ");
}

function rank(name: string): number {
  const at = usualOrder.indexOf(name);
  return at < 0 ? usualOrder.length : at;
}

function count(n: number, noun: string): string {
  const plural = noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${number(n)} ${n === 1 ? noun : plural}`;
}

const number = (n: number): string => n.toLocaleString("en-US");
