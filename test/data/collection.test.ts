import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { splitNames } from "#nearmiss/data/collection.js";
import { loadData } from "#nearmiss/data/load.js";
import { trainingRows } from "#nearmiss/data/rows.js";
import { folderWith } from "./folder.js";

const documents = [
  "<DOC>",
  "<DOCNO> LA-1 </DOCNO>",
  "<HEADLINE><P>Bridges &amp; rivers</P></HEADLINE>",
  "<TEXT>",
  "The bridge <!-- no --> was built",
  "in 1890.",
  "</TEXT>",
  "<TEXT><P>A second part &#65;&lt;B&unknown;</P></TEXT>",
  "</DOC>",
  "<doc><docno>LA-2</docno><body>Only a body</body></doc><DOC><DOCNO>LA-3</DOCNO><TEXT>third</TEXT></DOC>",
].join("\n");
const topics = [
  "<top>",
  "<num> Number: 051",
  "<title> Topic: old bridges",
  "",
  "<desc> Description:",
  "Which bridges",
  "are old?",
  "<narr> Narrative:",
  "Any will do.",
  "</top>",
  "<top><num>52</num><title>thirds</title></top>",
].join("\n");
const qrels = "51 0 LA-1 2\n51 0 LA-2 0\n52 0 LA-3 1\n";

describe("TREC collections", () => {
  test("documents in SGML, topics and judgements, whatever the files are called", async () => {
    const folder = folderWith({ "docs/latimes.gz": documents, "my-topics.51-52": topics, "judged.txt": qrels });
    const data = await loadData(folder);
    expect([...data.documents.values()]).toEqual([
      {
        id: "LA-1",
        title: "Bridges & rivers",
        text: "Bridges & rivers The bridge was built in 1890. A second part A<B&unknown;",
      },
      { id: "LA-2", text: "Only a body" },
      { id: "LA-3", text: "third" },
    ]);
    expect([...data.queries.values()]).toEqual([
      { id: "51", text: "old bridges" },
      { id: "52", text: "thirds" },
    ]);
    expect(Object.fromEntries([...data.splits].map(([name, split]) => [name, split.judgements.size]))).toEqual({
      test: 2,
    });
    const described = await loadData(folder, { columns: { query: "title+desc" } }).catch((error) => error.detail);
    expect(described).toMatchObject({ line: 11, field: "desc", found: "parts num, title" });
  });

  test("a part of the topic is chosen, and XML topics are read", async () => {
    const first = topics.slice(0, topics.indexOf("</top>") + 6);
    const one = folderWith({ "docs.trec": documents, "topics.txt": first, "qrels.txt": "51 0 LA-1 1\n" });
    const data = await loadData(one, { columns: { query: "title+desc" } });
    expect(data.queries.get("51")?.text).toBe("old bridges Which bridges are old?");
    expect([...data.splits.keys()]).toEqual(["test"]);
    const xml =
      '<?xml version="1.0"?>\n<topics>\n<topic number="51"><query>old bridges</query>\n<question>Which?</question></topic></topics>\n';
    const other = folderWith({ "docs.trec": documents, "topics-1.xml": xml, "qrels.txt": "51 0 LA-1 1\n" });
    expect((await loadData(other)).queries.get("51")?.text).toBe("old bridges");
    expect((await loadData(other, { columns: { query: "question" } })).queries.get("51")?.text).toBe("Which?");
  });

  test("judgements without text or of missing documents are counted; a missing relevant one is an error", async () => {
    const files = { "docs.trec": documents, "topics.txt": topics, "run.bm25.txt": "51 Q0 LA-1 1 2.5 bm25\n" };
    const warnings = collectWarnings();
    const data = await loadData(
      folderWith({ ...files, "qrels.dev": `${qrels}51 0 GONE 0\n99 0 LA-1 1\n98 0 LA-1 1\n` }),
      {
        warnings,
      },
    );
    expect([...data.splits.keys()]).toEqual(["dev"]);
    expect(warnings.list().map(({ code, count }) => [code, count])).toEqual([
      ["unknown-documents", 1],
      ["unknown-queries", 2],
    ]);
    const folder = folderWith({ ...files, "qrels.txt": `${qrels}51 0 GONE 1\n` });
    await expect(loadData(folder)).rejects.toMatchObject({
      code: "unknown-id",
      detail: { file: join(folder, "qrels.txt"), line: 4, found: "GONE" },
    });
  });

  test.each([
    [
      "a document without number",
      { "d.trec": "<DOC>\n<TEXT>x</TEXT>\n</DOC>\n" },
      { code: "missing-field", detail: { line: 1, field: "DOCNO" } },
    ],
    [
      "a document that is not closed",
      { "d.trec": `${documents}\n<DOC>\n<DOCNO>x</DOCNO>` },
      { code: "invalid-sgml", detail: { line: 11, expected: "</DOC>" } },
    ],
    [
      "an end without a beginning",
      { "d.trec": "<DOC><DOCNO>1</DOCNO></DOC>\n</DOC>" },
      { code: "invalid-sgml", detail: { line: 2 } },
    ],
    [
      "a topic without number",
      { "topics.txt": "<top>\n<title>x\n</top>" },
      { code: "missing-field", detail: { line: 1, field: "num" } },
    ],
    [
      "a grade in words",
      { "qrels.txt": `${qrels}52 0 LA-1 good\n` },
      { code: "malformed-line", detail: { line: 4, found: 'grade "good"' } },
    ],
    [
      "a judgement of five fields",
      { "qrels.txt": `${qrels}52 0 LA-1 1 1\n` },
      { code: "malformed-line", detail: { line: 4, found: "5 fields" } },
    ],
  ])("%s is answered with its place", async (_what, files, error) => {
    const folder = folderWith({ "d.trec": documents, "topics.txt": topics, "qrels.txt": qrels, ...files });
    await expect(loadData(folder)).rejects.toMatchObject(error);
  });
});

describe("MS MARCO", () => {
  const files = {
    "collection.tsv": '0\tThe "first" passage\n1\tanother\n2\tthird\n',
    "queries.train.tsv": "10\twhich is first\n11\twhich is third\n",
    "queries.dev.small.tsv": "20\twhat is another\n",
  };

  test("passages, queries, judgements and triples of ids", async () => {
    const folder = folderWith({
      ...files,
      "qrels.train.tsv": "10\t0\t0\t1\n",
      "qrels.dev.small.tsv": "20\t0\t1\t1\n",
      "qidpidtriples.train.small.tsv.gz": "10\t0\t1\n10\t0\t2\n11\t2\t0\n",
    });
    const warnings = collectWarnings();
    const data = await loadData(folder, { warnings });
    expect(data.documents.get("0")?.text).toBe('The "first" passage');
    expect([...data.splits.keys()]).toEqual(["dev", "train"]);
    expect(trainingRows(data, "train")).toEqual([
      { queryId: "10", positiveId: "0", negativeIds: ["1", "2"] },
      { queryId: "11", positiveId: "2", negativeIds: ["0"] },
    ]);
    expect(warnings.list()).toEqual([]);
  });

  test("documents of four columns, passages with a header", async () => {
    const judged = { "queries.tsv": "10\tq\n", "qrels.tsv": "10\t0\tD1\t1\n" };
    const four = await loadData(folderWith({ ...judged, "msmarco-docs.tsv": "D1\thttp://x\tTitle\tBody text\n" }));
    expect(four.documents.get("D1")).toEqual({ id: "D1", title: "Title", text: "Title Body text" });
    const psgs = await loadData(folderWith({ ...judged, "psgs_w100.tsv": "id\ttext\ttitle\nD1\tBody text\tTitle\n" }));
    expect(psgs.documents.get("D1")).toEqual({ id: "D1", title: "Title", text: "Title Body text" });
  });

  test.each([
    [
      "a line with too many columns",
      { "collection.tsv": "0\ta\n1\tb\tc\n" },
      { code: "malformed-line", detail: { line: 2, found: "3 fields" } },
    ],
    [
      "an unknown passage in a triple",
      { "qidpidtriples.tsv": "10\t0\t9\n" },
      { code: "unknown-id", detail: { line: 1, found: "9" } },
    ],
    [
      "an unknown query in a triple",
      { "qidpidtriples.tsv": "10\t0\t1\n12\t0\t1\n" },
      { code: "unknown-id", detail: { line: 2, found: "12" } },
    ],
  ])("%s is answered with its place", async (_what, more, error) => {
    await expect(loadData(folderWith({ ...files, "qrels.train.tsv": "10\t0\t0\t1\n", ...more }))).rejects.toMatchObject(
      error,
    );
  });
});

test("splits are named after what tells the files apart", () => {
  expect(splitNames(["a/qrels.train.tsv", "a/qrels.dev.small.tsv"])).toEqual(["train", "dev"]);
  expect(splitNames(["qrels.dev.tsv", "qrels.dev.small.tsv", "qrels.test"])).toEqual(["dev", "dev.small", "test"]);
  expect(splitNames(["2019qrels-pass.txt", "2020qrels-pass.txt"])).toEqual(["2019-pass", "2020-pass"]);
  expect(splitNames(["qrels.robust04.txt"])).toEqual(["test"]);
  expect(splitNames(["valid.qrels.gz"])).toEqual(["dev"]);
});
