import type { RetrievalData } from "../base/types.js";
import { TRAIN_SPLIT } from "./kinds.js";

/** Corpus texts and the queries of the training split: nothing of the test queries. */
export function* vocabularyTexts(data: RetrievalData): Generator<string> {
  for (const document of data.documents.values()) yield document.text;
  for (const id of data.splits.get(TRAIN_SPLIT)?.judgements.keys() ?? []) {
    const query = data.queries.get(id);
    if (query !== undefined) yield query.text;
  }
}
