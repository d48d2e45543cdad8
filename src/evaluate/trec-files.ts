import { inputError } from "../base/errors.js";
import { writeStreamAtomic } from "../base/files.js";
import type { Hits, Judgements } from "../base/types.js";
import { idTable } from "./id-column.js";
import { readQrelsRows, readRunRows, repeatedDocument, type TrecRows } from "./trec-rows.js";

/** A run's hits by query, sorted by score descending, then id ascending. Throws as `readRunRows`, and on a document twice for one query. */
export async function readRun(path: string): Promise<ReadonlyMap<string, Hits>> {
  const run = await readRunRows(path);
  return byQuery(run, ({ documents, values }, rows) => {
    const sorted = rows.slice().sort((a, b) => values[b]! - values[a]! || documents.compare(a, b));
    return { ids: Array.from(sorted, documents.text), scores: Float64Array.from(sorted, (row) => values[row]!) };
  });
}

/**
 * Writes a TREC run (gzipped where the path ends in `.gz`), queries and hits in their order, scores as the shortest decimals that read back to
 * the same number. White space in the tag becomes `_`; an id with white space cannot be written and throws.
 */
export async function writeRun(path: string, hits: ReadonlyMap<string, Hits>, tag: string): Promise<void> {
  const name = tag.trim().replace(/\s+/gu, "_") || "nearmiss";
  function* lines(): Generator<string> {
    for (const [query, { ids, scores }] of hits) {
      const block = ids.map((id, i) => `${plainId(query)} Q0 ${plainId(id)} ${i + 1} ${scores[i]} ${name}\n`);
      yield block.join("");
    }
  }
  await writeStreamAtomic(path, lines());
}

function plainId(id: string): string {
  if (id !== "" && !/\s/u.test(id)) return id;
  throw inputError("bad-id", "a TREC run cannot hold an id that is empty or has white space", {
    found: JSON.stringify(id),
  });
}

/** Judgements by query, both in the order of the file. Throws as `readQrelsRows`, and on a pair that is judged twice. */
export async function readQrels(path: string): Promise<ReadonlyMap<string, Judgements>> {
  const qrels = await readQrelsRows(path);
  return byQuery(
    qrels,
    ({ documents, values }, rows) => new Map(Array.from(rows, (row) => [documents.text(row), values[row]!])),
  );
}

function byQuery<T>(all: TrecRows, make: (all: TrecRows, rows: Int32Array) => T): ReadonlyMap<string, T> {
  const table = idTable();
  return new Map(
    all.queries.map((id, query) => {
      const rows = all.rowsOf(query);
      table.clear(rows.length);
      for (const row of rows) if (table.add(all.documents, row) >= 0) throw repeatedDocument({ rows: all, query }, row);
      return [id, make(all, rows)];
    }),
  );
}
