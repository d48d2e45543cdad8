import { inputError } from "../base/errors.js";
import type { Drawn } from "./drawing.js";
import { toRecord } from "./records.js";

/**
 * What a line of a file of negatives is: one positive with one negative, one positive with all its negatives, one document with a label, or the
 * whole pool of a query.
 */
export type NegativesFormat = "triplets" | "tuples" | "pairs" | "pools";

export const negativesFormats: readonly NegativesFormat[] = ["triplets", "tuples", "pairs", "pools"];

/** Checks a format given by name. */
export function parseNegativesFormat(name: string): NegativesFormat {
  const found = negativesFormats.find((one) => one === name);
  if (found !== undefined) return found;
  throw inputError("unknown-format", "unknown format of negatives", {
    found: name,
    expected: negativesFormats.join(", "),
  });
}

/** The lines of one query. A query with several positives has its negatives with each of them. `textOf` gives a document's text. */
export function rowsOf(format: NegativesFormat, drawn: Drawn, textOf: (id: string) => string): object[] {
  const { query, positives } = drawn.pool;
  const { negatives } = drawn;
  switch (format) {
    case "pools":
      return [toRecord(drawn)];
    case "pairs":
      return [
        ...positives.map(({ id, score }) => ({ id, score, label: 1 })),
        ...negatives.map(({ id, score }) => ({ id, score, label: 0 })),
      ].map(({ id, score, label }) => ({
        query: query.text,
        text: textOf(id),
        label,
        score,
        query_id: query.id,
        text_id: id,
      }));
    case "triplets":
      return positives.flatMap((positive) =>
        negatives.map((negative) => ({
          query: query.text,
          positive: textOf(positive.id),
          negative: textOf(negative.id),
          query_id: query.id,
          positive_id: positive.id,
          negative_id: negative.id,
          positive_score: positive.score,
          negative_score: negative.score,
          negative_rank: negative.rank,
        })),
      );
    case "tuples":
      if (negatives.length === 0) return [];
      return positives.map((positive) => ({
        query: query.text,
        positive: textOf(positive.id),
        ...Object.fromEntries(negatives.map(({ id }, i) => [`negative_${i + 1}`, textOf(id)])),
        query_id: query.id,
        positive_id: positive.id,
        negative_ids: negatives.map(({ id }) => id),
        // The positive's first, then those of the negatives.
        scores: [positive.score, ...negatives.map(({ score }) => score)],
      }));
  }
}
