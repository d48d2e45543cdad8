import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { NearmissError } from "#nearmiss/base/errors.js";
import { loadData } from "#nearmiss/data/load.js";
import { folderWith, jsonl } from "./folder.js";

const corpus = jsonl({ _id: "d1", text: "one" }, { _id: "d2", text: "two" });
const queries = jsonl({ _id: "q1", text: "which?" });
const header = "query-id\tcorpus-id\tscore\n";
const qrels = `${header}q1\td1\t1\n`;
const beir = { "corpus.jsonl": corpus, "queries.jsonl": queries, "qrels/test.tsv": qrels };

type Files = Readonly<Record<string, string | Uint8Array>>;
interface Expected {
  readonly code: string;
  /** The file of the folder that the error names. */
  readonly file?: string;
  readonly line?: number;
  readonly field?: string;
  readonly found?: string;
  readonly expected?: string;
  readonly hint?: string;
}

const cases: readonly (readonly [what: string, files: Files, path: string, error: Expected])[] = [
  [
    "JSON that is cut off",
    { "a.jsonl": `${jsonl({ query: "q", positive: "p" })}{"query": "q2", "posi` },
    "a.jsonl",
    { code: "invalid-json", file: "a.jsonl", line: 2, found: '{"query": "q2", "posi', expected: "JSON object" },
  ],
  [
    "a line that is a list",
    { "a.jsonl": "[1, 2]\n" },
    "a.jsonl",
    { code: "invalid-json", file: "a.jsonl", line: 1, found: "[1, 2]", expected: "JSON object" },
  ],
  [
    "a record without a positive",
    { "a.jsonl": jsonl({ query: "q", positive: "p" }, { query: "r", negative: "n" }) },
    "a.jsonl",
    { code: "missing-field", file: "a.jsonl", line: 2, field: "positive", found: "fields query, negative" },
  ],
  [
    "a query that is a number",
    { "a.jsonl": jsonl({ query: 3, positive: "p" }) },
    "a.jsonl",
    { code: "invalid-field", file: "a.jsonl", line: 1, field: "query", found: "number 3", expected: "text" },
  ],
  [
    "a blank answer",
    { "a.csv": "question,answer\nq,a\nr,  \n" },
    "a.csv",
    { code: "invalid-field", file: "a.csv", line: 3, field: "answer", found: "a blank text" },
  ],
  [
    "a positive in an object",
    { "a.jsonl": jsonl({ query: "q", positive: [{ text: "p" }] }) },
    "a.jsonl",
    { code: "invalid-field", file: "a.jsonl", line: 1, field: "positive", found: "a list of 1" },
  ],
  [
    "an empty list of positives",
    { "a.jsonl": jsonl({ query: "q", positive: [] }) },
    "a.jsonl",
    { code: "invalid-field", file: "a.jsonl", line: 1, field: "positive", found: "an empty list" },
  ],
  [
    "columns of no known name",
    { "a.tsv": "foo\tbar\n1\t2\n" },
    "a.tsv",
    {
      code: "unknown-column",
      file: "a.tsv",
      line: 2,
      field: "query",
      found: "foo, bar",
      expected: "question",
      hint: "--columns query=NAME",
    },
  ],
  [
    "a column that stands twice",
    { "a.csv": "query,query\n1,2\n" },
    "a.csv",
    { code: "invalid-header", file: "a.csv", line: 1, field: "query" },
  ],
  [
    "a row with too many fields",
    { "a.csv": 'query,positive\nq,"two\nlines"\nr,p,more\n' },
    "a.csv",
    { code: "invalid-csv", file: "a.csv", line: 4, found: "3 fields", expected: "2 fields" },
  ],
  [
    "a quote that is never closed",
    { "a.csv": 'query,positive\nq,"never\n' },
    "a.csv",
    { code: "invalid-csv", file: "a.csv", found: "Quote", expected: "RFC 4180" },
  ],
  [
    "ids that are not as many as the texts",
    { "a.jsonl": jsonl({ query: "q", positive: "p", negative_1: "n", negative_2: "m", negative_ids: ["N"] }) },
    "a.jsonl",
    { code: "invalid-field", file: "a.jsonl", line: 1, field: "negative_ids", found: "1 ids", expected: "2 ids" },
  ],
  [
    "an id with two texts",
    {
      "a.jsonl": jsonl(
        { query: "q", positive: "p", positive_id: "P" },
        { query: "q", positive: "other", positive_id: "P" },
      ),
    },
    "a.jsonl",
    { code: "duplicate-id", file: "a.jsonl", line: 2, field: "P", found: '"other"', expected: '"p"' },
  ],
  ["an empty file", { "a.jsonl": "" }, "a.jsonl", { code: "empty-file", file: "a.jsonl", expected: "JSON object" }],
  [
    "a header without rows",
    { "a.csv": "query,positive\n" },
    "a.csv",
    { code: "empty-file", file: "a.csv", expected: "rows" },
  ],
  [
    "text that is not UTF-8",
    { "a.tsv": Buffer.concat([Buffer.from("query\tpositive\nq\tp\ncaf"), Buffer.from([0xe9, 0x0a])]) },
    "a.tsv",
    { code: "invalid-utf8", file: "a.tsv", line: 3, found: "bytes e9", expected: "UTF-8" },
  ],
  [
    "gzip that is cut off",
    { "a.jsonl": gzipSync(jsonl({ query: "q", positive: "p" }).repeat(100)).subarray(0, 60) },
    "a.jsonl",
    { code: "invalid-gzip", file: "a.jsonl", found: "unexpected end" },
  ],
  [
    "a corpus line without text",
    { ...beir, "corpus.jsonl": `${corpus}${jsonl({ _id: "d3", title: "t" })}` },
    "",
    { code: "missing-field", file: "corpus.jsonl", line: 3, field: "text", found: "fields _id, title" },
  ],
  [
    "a corpus id that is a list",
    { ...beir, "corpus.jsonl": jsonl({ _id: ["d1"], text: "one" }) },
    "",
    { code: "invalid-field", file: "corpus.jsonl", line: 1, field: "_id", found: "a list of 1", expected: "id" },
  ],
  [
    "two queries of one id",
    { ...beir, "queries.jsonl": `${queries}${jsonl({ _id: "q1", text: "other" })}` },
    "",
    { code: "duplicate-id", file: "queries.jsonl", line: 2, field: "q1", found: '"other"', expected: '"which?"' },
  ],
  [
    "a judgement of an unknown query",
    { ...beir, "qrels/test.tsv": `${qrels}constructor\td1\t1\n` },
    "",
    {
      code: "unknown-id",
      file: "qrels/test.tsv",
      line: 3,
      field: "query-id",
      found: "constructor",
      expected: "queries.jsonl",
    },
  ],
  [
    "a judgement of an unknown document",
    { ...beir, "qrels/test.tsv": `${qrels}q1\td9\t1\n` },
    "",
    { code: "unknown-id", file: "qrels/test.tsv", line: 3, field: "corpus-id", found: "d9", expected: "corpus.jsonl" },
  ],
  [
    "a relevance in words",
    { ...beir, "qrels/test.tsv": `${header}q1\td1\tgood\n` },
    "",
    { code: "invalid-field", file: "qrels/test.tsv", line: 2, field: "score", found: '"good"', expected: "a number" },
  ],
  [
    "qrels without header",
    { ...beir, "qrels/test.tsv": "q1\td1\t1\nq1\td2\t1\n" },
    "",
    {
      code: "missing-field",
      file: "qrels/test.tsv",
      line: 1,
      field: "query-id",
      found: "fields q1, d1, 1",
      expected: "header",
    },
  ],
  [
    "qrels without judgements",
    { ...beir, "qrels/test.tsv": header },
    "",
    { code: "empty-file", file: "qrels/test.tsv" },
  ],
  [
    "a BEIR folder without queries",
    { "corpus.jsonl": corpus, "qrels/test.tsv": qrels },
    "",
    { code: "missing-input", file: "queries.jsonl", found: "corpus.jsonl, qrels", expected: "qrels/SPLIT.tsv" },
  ],
  [
    "a BEIR folder without qrels",
    { "corpus.jsonl": corpus, "queries.jsonl": queries },
    "",
    { code: "missing-input", file: "qrels/SPLIT.tsv", found: "corpus.jsonl, queries.jsonl" },
  ],
  [
    "a folder of nothing known",
    { "x.bin": "?" },
    "",
    { code: "unknown-format", file: "", found: "x.bin", expected: "BEIR" },
  ],
  [
    "a file of no known kind",
    { "x.bin": "?" },
    "x.bin",
    { code: "unknown-format", file: "x.bin", found: "x.bin", expected: ".jsonl" },
  ],
  ["a path where nothing is", {}, "nowhere", { code: "missing-input", file: "nowhere", expected: "BEIR" }],
  [
    "two files of one split",
    { "dev.csv": "query,positive\nq,p\n", "valid.csv": "query,positive\nq,p\n" },
    "",
    { code: "ambiguous-input", file: "valid.csv", found: "dev.csv and valid.csv" },
  ],
  [
    "scored pairs",
    { "a.tsv": "sentence1\tsentence2\tscore\na\tb\t2.5\n" },
    "a.tsv",
    { code: "wrong-kind", file: "a.tsv", found: "scored pairs", expected: "queries", hint: "--columns query=NAME" },
  ],
  [
    "a score in words",
    { "a.tsv": "sentence1\tsentence2\tscore\na\tb\thigh\n" },
    "a.tsv",
    { code: "invalid-field", file: "a.tsv", line: 2, field: "score", found: '"high"', expected: "a number" },
  ],
  [
    "labelled items",
    { "a.csv": "text,label\na,b\n" },
    "a.csv",
    { code: "wrong-kind", file: "a.csv", found: "labelled items", expected: "queries" },
  ],
];

test.each(cases)("%s is answered with its place", async (_what, files, path, { code, file, line, ...texts }) => {
  const folder = folderWith(files);
  const error = await loadData(join(folder, path)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NearmissError);
  const { code: actual, detail, exitCode } = error as NearmissError;
  expect(actual).toBe(code);
  expect(exitCode).toBe(2);
  if (file !== undefined) expect(detail.file).toBe(join(folder, file));
  if (line !== undefined) expect(detail.line).toBe(line);
  for (const [key, text] of Object.entries(texts))
    expect(detail[key as keyof Expected & keyof typeof detail]).toContain(text);
});

test("an unknown meaning of a column is bad usage", async () => {
  const folder = folderWith({ "a.csv": "query,positive\nq,p\n" });
  await expect(loadData(join(folder, "a.csv"), { columns: { qeury: "query" } })).rejects.toMatchObject({
    code: "bad-usage",
    detail: { found: "qeury", expected: expect.stringContaining("query_id") },
  });
  await expect(loadData(join(folder, "a.csv"), { columns: { query: "q" } })).rejects.toMatchObject({
    code: "unknown-column",
    detail: { field: "query", found: "query, positive", expected: "q" },
  });
});
