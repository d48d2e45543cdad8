import { basename } from "node:path";
import { inputError } from "../base/errors.js";
import type { RetrievalData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import type { CollectionFile } from "./collection-files.js";
import { type Collector, collector } from "./collector.js";
import type { ChosenColumns } from "./columns.js";
import { fileSource, readLines } from "./lines.js";
import { tabTexts } from "./tab-texts.js";
import { trecDocuments, trecTopics } from "./trec-text.js";

/**
 * Reads a TREC or MS MARCO collection: documents (`<DOC>` files or tables), topics (`<top>`, XML or tables), judgements (`query iteration document grade`, or BEIR's three columns) and triples
 * of ids (query, positive, negative; split `train`). Which part of a topic is the query can be chosen (`query=title+desc`). Splits are named after the files of judgements: by `train`, `dev` or `test` in
 * their names where that tells them apart, else by what is left of the name; a single file without such a word is `test`. Judgements of queries without a text are left out
 * (`unknown-queries`), so are those that say of a missing document that it is not relevant (`unknown-documents`); a relevant document that is missing is an error, since
 * measures would be too high without it. Runs are passed over.
 */
export async function readCollection(
  source: string,
  files: readonly CollectionFile[],
  chosen: ChosenColumns,
  warnings: Warnings,
): Promise<RetrievalData> {
  const found = collector(warnings);
  for (const { part, path } of files) {
    if (part !== "documents-sgml" && part !== "documents-tab") continue;
    const texts = part === "documents-sgml" ? trecDocuments(path) : tabTexts(path);
    for await (const { place, ...text } of texts) found.document(text, place);
  }
  for (const { part, path } of files) {
    if (part !== "topics" && part !== "topics-xml" && part !== "queries-tab") continue;
    const kind = part === "topics" ? "top" : "topic";
    const texts = part === "queries-tab" ? tabTexts(path) : trecTopics(path, kind, chosen.get("query"));
    for await (const { place, ...text } of texts) found.query(text, place);
  }
  const judged = files.filter(({ part }) => part === "judgements").map(({ path }) => path);
  const names = splitNames(judged);
  for (const [i, path] of judged.entries()) await readJudgements(path, names[i] as string, found, warnings);
  for (const { part, path } of files) if (part === "triples") await readIdTriples(path, found);
  const parts = new Set(files.map(({ part }) => part));
  const documents = parts.has("documents-sgml") ? "TREC documents" : "a table of documents";
  return found.finish(`collection of ${documents} with topics and judgements`, source);
}

/** The names of splits for files of judgements. */
export function splitNames(paths: readonly string[]): readonly string[] {
  const rest = paths.map((path) =>
    basename(path)
      .replace(/(\.(tsv|txt|gz|qrels?))+$/i, "")
      .replace(/q?rels?/i, "")
      .replace(/^[-_.]+|[-_.]+$/g, "")
      .replace(/[-_.]{2,}/g, "."),
  );
  const words = rest.map((name) => {
    const word = /(?:^|[-_.])(train|dev|valid|validation|val|test)(?:$|[-_.])/i.exec(name)?.[1]?.toLowerCase();
    return word?.startsWith("val") ? "dev" : word;
  });
  return rest.map((name, i) => {
    const word = words[i];
    if (word !== undefined && words.filter((other) => other === word).length === 1) return word;
    return paths.length === 1 || name === "" ? (word ?? "test") : name;
  });
}

async function readJudgements(file: string, split: string, found: Collector, warnings: Warnings): Promise<void> {
  let columns: number | undefined;
  for await (const { line, text } of readLines(fileSource(file))) {
    if (text.trim() === "") continue;
    if (columns === undefined) {
      columns = text.startsWith("query-id\t") ? 3 : 4;
      if (columns === 3) continue;
    }
    const fields = columns === 3 ? text.split("\t") : text.trim().split(/[ \t]+/);
    const [query, id, grade] = columns === 3 ? fields : [fields[0], fields[2], fields[3]];
    const relevance = Number(grade);
    if (
      query === undefined ||
      id === undefined ||
      grade === undefined ||
      fields.length !== columns ||
      !Number.isFinite(relevance)
    ) {
      throw inputError("malformed-line", "the judgement cannot be read", {
        file,
        line,
        found: fields.length === columns ? `grade ${JSON.stringify(grade)}` : `${fields.length} fields`,
        expected:
          columns === 3
            ? "query, document and grade, separated by tabs"
            : "query, iteration, document and a number as grade",
      });
    }
    if (!found.hasQuery(query)) {
      warnings.add("unknown-queries", `judgements of queries without a text are left out, the first is ${query}`);
      continue;
    }
    const document = found.knownDocument(id);
    if (document !== undefined) found.judge(split, query, document, relevance);
    else if (relevance > 0) throw unknown("document", file, line, id);
    else
      warnings.add(
        "unknown-documents",
        `judgements of missing documents that are not relevant are left out, first ${id}`,
      );
  }
}

async function readIdTriples(file: string, found: Collector): Promise<void> {
  for await (const { line, text } of readLines(fileSource(file))) {
    if (text.trim() === "") continue;
    const fields = text.split("\t");
    const [query = "", positive = "", negative = ""] = fields;
    if (fields.length !== 3) {
      throw inputError("malformed-line", "the line cannot be read", {
        file,
        line,
        found: `${fields.length} fields`,
        expected: "the ids of a query, a positive and a negative, separated by tabs",
      });
    }
    if (!found.hasQuery(query)) throw unknown("query", file, line, query);
    const [good, bad] = [positive, negative].map((id) => {
      const document = found.knownDocument(id);
      if (document === undefined) throw unknown("document", file, line, id);
      return document;
    }) as [string, string];
    // A positive comes once for each of its negatives.
    if (!found.isJudged("train", query, good)) found.judge("train", query, good, 1);
    found.negative("train", query, bad);
  }
}

function unknown(kind: "query" | "document", file: string, line: number, id: string) {
  return inputError("unknown-id", `a judgement names an unknown ${kind}`, {
    file,
    line,
    found: id,
    expected: kind === "query" ? "a query of the collection" : "a document of the collection",
  });
}
