import type { RetrievalData, TextItem } from "../base/types.js";
import { relevant, splitOf } from "../data/splits.js";
import type { Evaluation, SystemHits } from "../evaluate/systems.js";

/** A query on which the model and BM25 differ, with what each put first. */
export interface Example {
  readonly query: { readonly id: string; readonly text: string };
  readonly relevant: readonly { readonly id: string; readonly text: string }[];
  readonly ranks: { readonly model: number | null; readonly bm25: number | null };
  readonly top: { readonly model: ScoredText | null; readonly bm25: ScoredText | null };
  /** The model's value minus BM25's. */
  readonly delta: number;
}

interface ScoredText {
  readonly id: string;
  readonly text: string;
  readonly score: number;
}

/** The queries where the model gains most on BM25, and those where it loses most. */
export function examples(
  data: RetrievalData,
  evaluation: Evaluation,
  systems: readonly SystemHits[],
  metric: string,
  count = 12,
): { readonly won: readonly Example[]; readonly lost: readonly Example[] } | null {
  const model = 0;
  const bm25 = systems.findIndex((system) => system.kind === "bm25");
  const ours = evaluation.values[model]?.get(metric);
  const theirs = evaluation.values[bm25]?.get(metric);
  if (ours === undefined || theirs === undefined) return null;
  const split = splitOf(data, evaluation.result.data.split);
  const sorted = evaluation.queries
    .map((id, i) => ({ id, delta: (ours[i] as number) - (theirs[i] as number) }))
    .sort((a, b) => b.delta - a.delta || (a.id < b.id ? -1 : 1));
  const describe = ({ id, delta }: { readonly id: string; readonly delta: number }): Example => {
    const wanted = relevant(split.judgements.get(id));
    const text = (item: TextItem | undefined) => (item === undefined ? "" : shorten(item.text));
    const rank = (system: number) => {
      const at = systems[system]?.hits.get(id)?.ids.findIndex((found) => wanted.includes(found)) ?? -1;
      return at < 0 ? null : at + 1;
    };
    const top = (system: number): ScoredText | null => {
      const hits = systems[system]?.hits.get(id);
      const first = hits?.ids[0];
      return first === undefined
        ? null
        : { id: first, text: text(data.documents.get(first)), score: hits?.scores[0] ?? 0 };
    };
    return {
      query: { id, text: text(data.queries.get(id)) },
      relevant: wanted.slice(0, 3).map((document) => ({ id: document, text: text(data.documents.get(document)) })),
      ranks: { model: rank(model), bm25: rank(bm25) },
      top: { model: top(model), bm25: top(bm25) },
      delta,
    };
  };
  return {
    won: sorted
      .slice(0, count)
      .filter(({ delta }) => delta > 0)
      .map(describe),
    lost: sorted
      .slice(-count)
      .reverse()
      .filter(({ delta }) => delta < 0)
      .map(describe),
  };
}

/** Scores that the model gave to relevant documents and to the best documents that are not judged relevant. */
export function scoreSamples(data: RetrievalData, system: SystemHits, splitName: string, most = 5000) {
  const split = splitOf(data, splitName);
  const positive: number[] = [];
  const negative: number[] = [];
  for (const [query, hits] of system.hits) {
    const judged = split.judgements.get(query);
    hits.ids.forEach((id, i) => {
      const list = (judged?.get(id) ?? 0) > 0 ? positive : i < 10 ? negative : null;
      if (list !== null && list.length < most) list.push(hits.scores[i] as number);
    });
  }
  return { positive, negative };
}

function shorten(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, 399)}…`;
}
