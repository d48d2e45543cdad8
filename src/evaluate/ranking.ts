import type { IdTable } from "./id-column.js";
import { type QueryRows, repeatedDocument, type TrecRows } from "./trec-rows.js";

/** Grade of a document that nobody judged, and of one that was judged below 0 (to trec_eval: in the pool, but not judged). */
export const unjudged = -1;
export const belowZero = -2;

/** What the judgements of a query say of its ranked documents. */
export interface GradedRanking {
  /** Grade at each rank, at least 0, or `unjudged`, or `belowZero`. */
  readonly ranked: Int32Array;
  /** Grades of all judged documents of the query, whether found or not. */
  readonly judged: Int32Array;
}

export interface RankingOptions {
  /** Documents looked at a query. */
  readonly depth?: number | undefined;
  /** Leave out what is not judged, or judged below 0, before anything is measured; `depth` counts before that. */
  readonly judgedOnly?: boolean | undefined;
}

/**
 * The documents that a run found for a query in trec_eval's order, as grades: score descending, then id descending by byte. Grades are cut to whole
 * numbers. `table` is for use again. Throws on a document that occurs twice in the run or in the judgements.
 */
export function gradedRanking(
  run: QueryRows,
  qrels: QueryRows,
  table: IdTable,
  options: RankingOptions = {},
): GradedRanking {
  const found = rowsOf(run);
  const known = rowsOf(qrels);
  table.clear(found.length + known.length);
  const judged = known.map((row) => Math.trunc(qrels.rows.values[row]!));
  for (const row of known) if (table.add(qrels.rows.documents, row) >= 0) throw repeatedDocument(qrels, row);
  const seen = new Uint8Array(judged.length);
  const grades = inOrder(run.rows, found).map((row) => {
    const entry = table.add(run.rows.documents, row);
    if (entry < 0) return unjudged;
    if (entry >= judged.length || seen[entry] === 1) throw repeatedDocument(run, row);
    seen[entry] = 1;
    return judged[entry]! < 0 ? belowZero : judged[entry]!;
  });
  const ranked = grades.subarray(0, options.depth);
  return { ranked: options.judgedOnly === true ? ranked.filter((grade) => grade >= 0) : ranked, judged };
}

function rowsOf({ rows, query }: QueryRows): Int32Array {
  return query === undefined ? new Int32Array(0) : rows.rowsOf(query);
}

/** Rows by score descending, then id descending. Most runs are written so already. */
function inOrder({ values, documents }: TrecRows, rows: Int32Array): Int32Array {
  const compare = (a: number, b: number): number => values[b]! - values[a]! || documents.compare(b, a);
  for (let i = 1; i < rows.length; i++) if (compare(rows[i - 1]!, rows[i]!) > 0) return rows.slice().sort(compare);
  return rows;
}
