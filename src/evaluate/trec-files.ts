import { inputError } from "../base/errors.js";
import { writeStreamAtomic } from "../base/files.js";
import { compareCodePoints } from "../base/text.js";
import type { Hits, Judgements } from "../base/types.js";
import { fileSource, readLines } from "../data/lines.js";

/** A line of a file in fields, and where it stands. */
interface FieldLine {
  readonly line: number;
  readonly text: string;
  readonly fields: readonly string[];
}

/**
 * Reads a TREC run, gzipped or not: `query Q0 document rank score tag`, separated by blanks or tabs. Ranks and the order of the lines do not
 * count: hits are sorted by score descending, then id ascending. Blank lines and lines that start with `#` are skipped. Throws on a line
 * without six fields, a score that is no finite number, a document twice for one query, and an empty run.
 */
export async function readRun(path: string): Promise<ReadonlyMap<string, Hits>> {
  const found = new Map<string, Map<string, number>>();
  for await (const { line, fields } of fieldLines(path)) {
    const [query, , document, , score] = fields;
    if (query === undefined || document === undefined || score === undefined || fields.length !== 6)
      throw badLine(path, line, `${fields.length} fields`, "six fields: query Q0 document rank score tag");
    const value = Number(score);
    if (!Number.isFinite(value)) throw badLine(path, line, score, "a finite number as score", "score");
    setOnce(found, query, document, value, path, line);
  }
  if (found.size === 0) throw inputError("empty-run", "the run holds no results", { file: path });
  return new Map(
    [...found].map(([query, scores]) => {
      const sorted = [...scores].sort(([idA, a], [idB, b]) => b - a || compareCodePoints(idA, idB));
      return [query, { ids: sorted.map(([id]) => id), scores: Float64Array.from(sorted, ([, score]) => score) }];
    }),
  );
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

/**
 * Reads judgements, gzipped or not: TREC's `query iteration document grade`, or BEIR's `query-id corpus-id score` with that header and tabs (there an id may have blanks).
 * Queries stay in the order of the file. Throws on other lines, a grade that is no finite number, and a pair that is judged twice.
 */
export async function readQrels(path: string): Promise<ReadonlyMap<string, Judgements>> {
  const found = new Map<string, Map<string, number>>();
  let beir: boolean | undefined;
  for await (const { line, text, fields: blankFields } of fieldLines(path)) {
    if (beir === undefined) {
      beir = text.startsWith("query-id\t");
      if (beir) continue;
    }
    const fields = beir ? text.split("\t") : blankFields;
    const [query, document, grade] = beir ? fields : [fields[0], fields[2], fields[3]];
    if (query === undefined || document === undefined || grade === undefined || fields.length !== (beir ? 3 : 4))
      throw badLine(
        path,
        line,
        `${fields.length} fields`,
        "query iteration document grade, or BEIR's header and three fields",
      );
    const value = Number(grade);
    if (!Number.isFinite(value)) throw badLine(path, line, grade, "a number as grade", "grade");
    setOnce(found, query, document, value, path, line);
  }
  return found;
}

async function* fieldLines(path: string): AsyncGenerator<FieldLine> {
  for await (const { line, text } of readLines(fileSource(path))) {
    const fields = text.trim().split(/[ \t]+/);
    if (fields[0] !== "" && !text.startsWith("#")) yield { line, text, fields };
  }
}

function setOnce(
  found: Map<string, Map<string, number>>,
  query: string,
  document: string,
  value: number,
  file: string,
  line: number,
): void {
  const held = found.get(query) ?? new Map<string, number>();
  if (held.has(document))
    throw inputError("duplicate-id", "a document occurs twice for one query", {
      file,
      line,
      found: `${query} ${document}`,
    });
  found.set(query, held.set(document, value));
}

function badLine(file: string, line: number, found: string, expected: string, field?: string): Error {
  const place = field === undefined ? {} : { field };
  return inputError("malformed-line", "the line cannot be read", { file, line, ...place, found, expected });
}
