import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { textId } from "#nearmiss/base/text.js";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { loadData } from "#nearmiss/data/load.js";
import { trainingRows } from "#nearmiss/data/rows.js";
import { folderWith, jsonl } from "./folder.js";

const dpr = [
  {
    question: "who wrote it",
    answers: ["Ada", "A. Lovelace"],
    positive_ctxs: [{ title: "Ada", text: "wrote it", score: 1000, passage_id: "11" }],
    negative_ctxs: [{ title: "", text: "easy", passage_id: "12" }],
    hard_negative_ctxs: [
      { title: "Bab", text: "built it [not {wrote}]", psg_id: 13 },
      { title: "", text: "no id" },
    ],
  },
  {
    question: "where",
    answers: [],
    positive_ctxs: [{ title: "Ada", text: "wrote it", passage_id: "11" }],
    negative_ctxs: [{ title: "", text: "easy", passage_id: "12" }],
    hard_negative_ctxs: [],
  },
  { question: "never found", answers: ["x"], positive_ctxs: [], negative_ctxs: [], hard_negative_ctxs: [] },
];

describe("DPR's JSON", () => {
  test("hard negatives first, the others where there are none; answers; a query without positive stays", async () => {
    const folder = folderWith({
      "train.json": JSON.stringify(dpr, null, 4),
      "dev.json.gz": JSON.stringify(dpr),
      "lines.jsonl": jsonl(...dpr),
    });
    const warnings = collectWarnings();
    const data = await loadData(join(folder, "lines.jsonl"), { warnings });
    expect(warnings.list().map(({ code, count }) => [code, count])).toEqual([["no-positive", 1]]);
    expect(data.documents.get("11")).toEqual({ id: "11", title: "Ada", text: "Ada wrote it" });
    const [who, where, never] = [textId("who wrote it"), textId("where"), textId("never found")] as const;
    expect(Object.fromEntries(data.splits.get("train")?.negatives ?? [])).toEqual({
      [who]: ["13", textId("no id")],
      [where]: ["12"],
    });
    expect(Object.fromEntries(data.answers ?? [])).toEqual({ [who]: ["Ada", "A. Lovelace"], [never]: ["x"] });
    expect([...(data.splits.get("train")?.judgements.keys() ?? [])]).toEqual([who, where, never]);
    expect(trainingRows(data, "train")).toHaveLength(2);

    const both = await loadData(folder);
    expect([...both.splits.keys()]).toEqual(["dev", "train"]);
    expect(both.splits.get("dev")?.judgements).toEqual(data.splits.get("train")?.judgements);
    expect(both.format).toBe("DPR's JSON");
  });

  test.each([
    ["a list that is not closed", '[{"question": "q", "positive_ctxs": []},\n {"question": "r"', "invalid-json", 2],
    ["something after the list", '[{"question": "q", "positive_ctxs": []}]\n{}', "invalid-json", 2],
    [
      "an element that is no JSON",
      '[\n{"question": "q", "positive_ctxs": []},\n\n{"question": r}\n]',
      "invalid-json",
      4,
    ],
    ["passages that are texts", '[{"question": "q",\n "positive_ctxs": ["p"]}]', "invalid-field", 1],
    ["a passage without text", '[{"question": "q", "positive_ctxs": [{"title": "t"}]}]', "missing-field", 1],
    ["an empty list", "[]", "empty-file", undefined],
  ])("%s is answered with its place", async (_what, text, code, line) => {
    const folder = folderWith({ "a.json": text });
    const detail = { file: join(folder, "a.json"), ...(line === undefined ? {} : { line }) };
    await expect(loadData(join(folder, "a.json"))).rejects.toMatchObject({ code, detail });
  });

  test("a list over many blocks is read element by element", async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => ({
      query: `query ${i} "quoted" \\ [`,
      positive: `${"long ".repeat(40)}${i} }]`,
    }));
    const data = await loadData(join(folderWith({ "a.json": JSON.stringify(rows, null, 1) }), "a.json"));
    expect([...data.queries.values()].map(({ text }) => text)).toEqual(rows.map(({ query }) => query));
    expect([...data.documents.values()].map(({ text }) => text)).toEqual(rows.map(({ positive }) => positive));
  });
});

describe("Tevatron", () => {
  test("passages in the rows", async () => {
    const folder = folderWith({
      "train.jsonl": jsonl({
        query_id: 7,
        query: "q",
        positive_passages: [{ docid: "p", title: "T", text: "good" }],
        negative_passages: [{ docid: "n", text: "bad" }],
      }),
    });
    const data = await loadData(folder);
    expect([...data.documents.values()].map(({ id, text }) => [id, text])).toEqual([
      ["p", "T good"],
      ["n", "bad"],
    ]);
    expect(trainingRows(data, "train")).toEqual([{ queryId: "7", positiveId: "p", negativeIds: ["n"] }]);
  });

  test("ids of a corpus beside; an unknown id is named", async () => {
    const corpus = jsonl({ docid: "p", text: "good" }, { docid: "n", text: "bad" });
    const row = { query_id: "q1", query_text: "q", positive_document_ids: ["p"], negative_document_ids: ["n"] };
    const data = await loadData(folderWith({ "corpus.jsonl": corpus, "train.jsonl": jsonl(row) }));
    expect(trainingRows(data, "train")).toEqual([{ queryId: "q1", positiveId: "p", negativeIds: ["n"] }]);
    expect(data.documents.size).toBe(2);
    const odd = folderWith({
      "corpus.jsonl": corpus,
      "train.jsonl": jsonl(row, { ...row, negative_document_ids: ["x"] }),
    });
    await expect(loadData(odd)).rejects.toMatchObject({
      code: "invalid-field",
      detail: { file: join(odd, "train.jsonl"), line: 2, field: "negative_document_ids", found: "x" },
    });
  });
});

describe("FlagEmbedding", () => {
  test("lists of positives and negatives, which may be empty", async () => {
    const folder = folderWith({
      "a.jsonl": jsonl({ query: "q", pos: ["p1", "p2"], neg: ["n"] }, { query: "r", pos: ["p1"], neg: [] }),
    });
    const data = await loadData(join(folder, "a.jsonl"));
    expect(data.splits.get("train")?.negatives).toEqual(new Map([[textId("q"), [textId("n")]]]));
    expect(trainingRows(data, "train")).toHaveLength(3);
  });

  test.each(["pos", "neg"])("a text as %s is an error that names the row", async (field) => {
    const good = { query: "q", pos: ["p"], neg: ["n"] };
    const folder = folderWith({ "a.jsonl": jsonl(good, { ...good, [field]: "text" }) });
    await expect(loadData(join(folder, "a.jsonl"))).rejects.toMatchObject({
      code: "invalid-field",
      detail: { line: 2, field, found: '"text"', expected: "a list of texts", hint: `write "${field}": ["…"]` },
    });
  });
});

test("MS MARCO's triples of texts have no header", async () => {
  const folder = folderWith({ "triples.train.small.tsv": 'q "1"\tp\tn\nq "1"\tp\tm\n' });
  const data = await loadData(join(folder, "triples.train.small.tsv"));
  expect(trainingRows(data, "train")).toEqual([
    { queryId: textId('q "1"'), positiveId: textId("p"), negativeIds: [textId("n"), textId("m")] },
  ]);
});

test("a file of triples may have a header; a line of other columns is named", async () => {
  const folder = folderWith({
    "triples.tsv": "query\tpositive\tnegative\nq\tp\tn\n",
    "triples.odd.tsv": "q\tp\tn\nr\tp\n",
  });
  expect((await loadData(join(folder, "triples.tsv"))).queries.size).toBe(1);
  await expect(loadData(join(folder, "triples.odd.tsv"))).rejects.toMatchObject({
    code: "invalid-csv",
    detail: { line: 2, found: "2 fields", expected: "3 fields" },
  });
});

test("answers in a column, as a list or a text", async () => {
  const folder = folderWith({
    "a.csv": 'query,positive,answers\nq,p,"[""one"", ""two""]"\nr,s,three\nt,u,\n',
    "b.jsonl": jsonl(
      { query: "q", positive: "p", answers: ["one", "two"] },
      { query: "r", positive: "s", gold: ["x"] },
    ),
  });
  const data = await loadData(join(folder, "a.csv"));
  expect(Object.fromEntries(data.answers ?? [])).toEqual({ [textId("q")]: ["one", "two"], [textId("r")]: ["three"] });
  const chosen = await loadData(join(folder, "b.jsonl"));
  expect([...(chosen.answers?.keys() ?? [])]).toEqual([textId("q")]);
});
