import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { textId } from "#nearmiss/base/text.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { describeData } from "#nearmiss/data/describe.js";
import { loadData } from "#nearmiss/data/load.js";
import { folderWith, jsonl, sharedData } from "./folder.js";

const beir = (qrels: string, more: Record<string, string> = {}) =>
  folderWith({
    "corpus.jsonl": jsonl({ _id: "d1", title: "One", text: "first text" }, { _id: "d2", text: "second text" }),
    "queries.jsonl": jsonl({ _id: "q1", text: "which is first?" }),
    "qrels/test.tsv": `query-id\tcorpus-id\tscore\n${qrels}`,
    ...more,
  });

describe("BEIR folders", () => {
  test("title and text are joined by one blank, judgements keep the order of the file", async () => {
    const data = await loadData(beir("q1\td2\t0\nq1\td1\t2\n"));
    expect([...data.documents.values()]).toEqual([
      { id: "d1", title: "One", text: "One first text" },
      { id: "d2", text: "second text" },
    ]);
    expect([...(data.splits.get("test")?.judgements.get("q1") ?? [])]).toEqual([
      ["d2", 0],
      ["d1", 2],
    ]);
    expect(data.format).toBe("BEIR folder");
  });

  test("gzip, byte order marks and carriage returns make no difference", async () => {
    const plain = await loadData(beir("q1\td1\t1\n"));
    const other = folderWith({
      "corpus.jsonl.gz": `\ufeff${jsonl({ _id: "d1", title: "One", text: "first text" }, { _id: "d2", text: "second text" }).replaceAll("\n", "\r\n")}`,
      "queries.jsonl.gz": jsonl({ _id: "q1", text: "which is first?" }).trim(),
      "qrels/test.tsv.gz": "\ufeffquery-id\tcorpus-id\tscore\r\nq1\td1\t1\r\n",
    });
    expect((await loadData(other)).fingerprint).toBe(plain.fingerprint);
  });

  test("equal documents are one document, under the first id, with the judgements of both", async () => {
    const folder = beir("q1\td3\t1\nq1\td2\t1\n", {
      "corpus.jsonl": jsonl(
        { _id: "d1", title: "One", text: "first text" },
        { _id: "d2", text: "second text" },
        { _id: "d3", text: "One  first\ttext " },
      ),
    });
    const warnings = collectWarnings();
    const data = await loadData(folder, { warnings });
    expect([...data.documents.keys()]).toEqual(["d1", "d2"]);
    expect([...(data.splits.get("test")?.judgements.get("q1") ?? [])]).toEqual([
      ["d1", 1],
      ["d2", 1],
    ]);
    expect(warnings.list()).toEqual([
      { code: "equal-documents", message: expect.stringContaining('"d3" is kept as "d1"'), count: 1 },
    ]);
  });

  test("documents without text stay apart; documents without id get the hash of their text", async () => {
    const folder = beir("q1\te1\t1\n", {
      "corpus.jsonl": jsonl({ _id: "e1", text: "" }, { _id: "e2", title: " ", text: "" }, { text: "no  id" }),
    });
    const warnings = collectWarnings();
    const data = await loadData(folder, { warnings });
    expect([...data.documents.keys()]).toEqual(["e1", "e2", textId("no id")]);
    expect(warnings.list()).toEqual([{ code: "empty-documents", message: expect.any(String), count: 2 }]);
  });

  test("the fingerprint follows texts, judgements and their order, not the place", async () => {
    const fingerprintOf = async (folder: string) => (await loadData(folder)).fingerprint;
    const first = await fingerprintOf(beir("q1\td1\t1\nq1\td2\t1\n"));
    expect(await fingerprintOf(beir("q1\td1\t1\nq1\td2\t1\n"))).toBe(first);
    expect(await fingerprintOf(beir("q1\td2\t1\nq1\td1\t1\n"))).not.toBe(first);
    expect(await fingerprintOf(beir("q1\td1\t1\nq1\td2\t2\n"))).not.toBe(first);
    expect(
      await fingerprintOf(beir("q1\td1\t1\nq1\td2\t1\n", { "queries.jsonl": jsonl({ _id: "q1", text: "other" }) })),
    ).not.toBe(first);
  });
});

describe("pairs and triplets", () => {
  test("any usual column names, ids from the texts, repeated queries have several positives", async () => {
    const folder = folderWith({
      "a.csv": "question,answer\nq one,a one\nq  one,a two\n",
      "b.tsv": "sentence1\tsentence2\nq one\ta one\nq one\ta two\n",
      "c.jsonl": jsonl({ anchor: "q one", document: ["a one", "a two"] }),
    });
    for (const name of ["a.csv", "b.tsv", "c.jsonl"]) {
      const data = await loadData(join(folder, name));
      expect([...data.splits.keys()]).toEqual(["train"]);
      expect([...(data.splits.get("train")?.judgements ?? [])]).toEqual([
        [
          textId("q one"),
          new Map([
            [textId("a one"), 1],
            [textId("a two"), 1],
          ]),
        ],
      ]);
    }
  });

  test("any number of negatives, in the order of their numbers, with ids", async () => {
    const folder = folderWith({
      "t.jsonl": jsonl(
        {
          query: "q",
          positive: "p",
          negative_10: "n10",
          negative_2: "n2",
          query_id: "Q",
          positive_id: "P",
          negative_ids: ["N2", "N10"],
        },
        { query: "r", positive: ["p", "s"], negative: ["n2", "n3"] },
        { query: "s", positive: "n3", negative: null },
      ),
    });
    const data = await loadData(join(folder, "t.jsonl"));
    const train = data.splits.get("train");
    expect([...(train?.negatives ?? [])]).toEqual([
      ["Q", ["N2", "N10"]],
      [textId("r"), ["N2", textId("n3")]],
    ]);
    expect([...(train?.judgements.get(textId("r"))?.keys() ?? [])]).toEqual(["P", textId("s")]);
    expect(data.format).toBe("JSONL of triplets (query → positive)");
    expect(describeData(data)).toContain("train: 3 queries, 4 judgements (4 relevant), 4 given negatives");
  });

  test("a negative that another row names as positive of the query is left out and counted", async () => {
    const folder = folderWith({
      "t.csv": "query,positive,negative\nq,p,n\nq,n,m\n",
    });
    const warnings = collectWarnings();
    const data = await loadData(join(folder, "t.csv"), { warnings });
    expect(data.splits.get("train")?.negatives).toEqual(new Map([[textId("q"), [textId("m")]]]));
    expect(warnings.list()).toEqual([{ code: "negative-is-positive", message: expect.any(String), count: 1 }]);
  });

  test("columns can be named, also after members of objects", async () => {
    const folder = folderWith({ "t.csv": "constructor,__proto__,query\nthe query,the answer,other\n" });
    const columns = { query: "constructor", positive: "__proto__" };
    const data = await loadData(join(folder, "t.csv"), { columns });
    expect([...data.queries.values()].map(({ text }) => text)).toEqual(["the query"]);
    expect([...data.documents.values()].map(({ text }) => text)).toEqual(["the answer"]);
  });

  test("files named after splits are the splits; other files are not read", async () => {
    const folder = folderWith({
      "train.jsonl": jsonl({ query: "q1", positive: "p1" }),
      "validation.csv": "query,positive\nq2,p2\n",
      "test.tsv.gz": "query\tpositive\nq3\tp1\n",
      "notes.csv": "a,b\n1,2\n",
    });
    const data = await loadData(folder);
    expect([...data.splits.values()].map(({ name, judgements }) => [name, ...judgements.keys()])).toEqual([
      ["test", textId("q3")],
      ["train", textId("q1")],
      ["dev", textId("q2")],
    ]);
    expect(data.documents.size).toBe(2);
  });

  test("a query of two splits is counted, also under another id; a blank one is not", async () => {
    const row = (query_id: string, query: string) => ({ query_id, query, positive: `${query} answered` });
    const folder = folderWith({
      "train.jsonl": jsonl(row("a", "what is it"), row("b", "who is it")),
      "test.jsonl": jsonl(row("a", "what is it"), row("c", " who  is it"), row("d", "where is it")),
    });
    const warnings = collectWarnings();
    await loadData(folder, { warnings });
    expect(warnings.list().filter(({ code }) => code === "shared-queries")).toMatchObject([{ count: 2 }]);
  });

  const oddIds = fc.constantFrom("constructor", "__proto__", "toString", "hasOwnProperty");
  const nonBlank = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => text.trim() !== "");
  const csvText = fc
    .oneof(nonBlank, oddIds, fc.constantFrom('say "hi", then\nleave', ",", '"', "two\n\nlines"))
    .map((text) => text.replaceAll("\r", " ").replaceAll("\ufeff", " "))
    .filter((text) => text.trim() !== "");
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

  test("what is written as JSONL, CSV or CSV with CRLF is read back, whatever ids and texts are", async () => {
    const row = fc.record({
      query: csvText,
      positive: csvText,
      query_id: fc.oneof(oddIds, csvText),
      positive_id: fc.oneof(oddIds, csvText),
    });
    const rows = fc
      .uniqueArray(row, { minLength: 1, maxLength: 8, selector: ({ query_id }) => query_id })
      .map((all) => all.filter((one, i) => all.findIndex((other) => other.positive_id === one.positive_id) === i))
      .map((all) =>
        all.filter((one, i) => all.findIndex((other) => textId(other.positive) === textId(one.positive)) === i),
      );
    await fc.assert(
      fc.asyncProperty(rows, async (list) => {
        const csv = (end: string) =>
          [
            "query,positive,query_id,positive_id",
            ...list.map((one) => [one.query, one.positive, one.query_id, one.positive_id].map(quoted).join(",")),
          ].join(end);
        const folder = folderWith({ "a.jsonl": jsonl(...list), "b.csv": csv("\n"), "c.csv.gz": csv("\r\n") });
        for (const name of ["a.jsonl", "b.csv", "c.csv.gz"]) {
          const data = await loadData(join(folder, name));
          expect([...data.queries.values()]).toEqual(
            list.map(({ query, query_id }) => ({ id: query_id, text: query })),
          );
          expect([...data.documents.values()]).toEqual(
            list.map(({ positive, positive_id }) => ({ id: positive_id, text: positive })),
          );
          expect([...(data.splits.get("train")?.judgements ?? [])]).toEqual(
            list.map(({ query_id, positive_id }) => [query_id, new Map([[positive_id, 1]])]),
          );
        }
      }),
      { numRuns: 60, seed: 7 },
    );
  });
});

describe("Markdown and text", () => {
  test("a section belongs to its path of headings", async () => {
    const folder = folderWith({
      "docs/guide.md": [
        "---",
        "title: front matter",
        "---",
        "before any heading",
        "",
        "# The `guide`",
        "intro",
        "## Install",
        "```sh",
        "# not a heading",
        "```",
        "## Use",
        "### constructor",
        "how [it](x.md) works",
        "Underlined",
        "----------",
        "text under it",
        "## Install",
        "again",
      ].join("\n"),
      "notes.txt": "\nWhat is it?\nIt is a note.\n",
      "one-line.txt": "just this\n",
      "empty.txt": "",
      "node_modules/x/readme.md": "# no\nno",
    });
    const warnings = collectWarnings();
    const data = await loadData(folder, { warnings });
    const pairs = [...(data.splits.get("train")?.judgements ?? [])].flatMap(([query, judged]) =>
      [...judged.keys()].map((id) => [data.queries.get(query)?.text, id, data.documents.get(id)?.text]),
    );
    expect(pairs).toEqual([
      ["guide", "docs/guide.md", "before any heading"],
      ["The guide", "docs/guide.md#the-guide", "intro"],
      ["The guide: Install", "docs/guide.md#install", "```sh\n# not a heading\n```"],
      ["The guide: Install", "docs/guide.md#install-1", "again"],
      ["The guide: Use: constructor", "docs/guide.md#constructor", "how [it](x.md) works"],
      ["The guide: Underlined", "docs/guide.md#underlined", "text under it"],
      ["What is it?", "notes.txt", "It is a note."],
      ["one line", "one-line.txt", "just this"],
    ]);
    expect(warnings.list()).toEqual([
      { code: "empty-sections", message: expect.stringContaining("docs/guide.md#use"), count: 2 },
    ]);
  });
});

test("a folder with more TypeScript than prose is a code base, with less it is prose", async () => {
  const source = "/** Adds two numbers. */\nexport function add(a: number, b: number): number { return a + b; }\n";
  const files = { "src/add.ts": source, "src/types.d.ts": source, "README.md": "# Read\nme" };
  const code = await loadData(folderWith(files));
  expect([code.format, ...code.documents.keys()]).toEqual(["TypeScript code base", "src/add.ts#add"]);
  const prose = await loadData(folderWith({ ...files, "more.md": "# More\ntext" }));
  expect([...prose.documents.keys()]).toEqual(["README.md#read", "more.md#more"]);
});

describe.skipIf(!existsSync(sharedData("medquad")))("public sets", () => {
  test.each([
    ["medquad", 15_791, 14_240, { train: [11_424, 13_055], dev: [692, 803], test: [2_124, 2_384] }],
    ["cranfield", 1_400, 225, { test: [225, 1_837] }],
    ["cmrc2018-zh", 1_104, 4_221, { dev: [1_002, 1_002], test: [3_219, 3_219] }],
    ["xquad-en", 240, 1_190, { test: [1_190, 1_190] }],
    ["xquad-zh", 240, 1_190, { test: [1_190, 1_190] }],
  ])("%s has the counts of its description", async (name, documents, queries, splits) => {
    const data = await loadData(sharedData(name));
    expect([data.documents.size, data.queries.size]).toEqual([documents, queries]);
    const counts = [...data.splits].map(([split, { judgements }]) => [
      split,
      [judgements.size, [...judgements.values()].reduce((sum, judged) => sum + judged.size, 0)],
    ]);
    expect(Object.fromEntries(counts)).toEqual(splits);
  });
});
