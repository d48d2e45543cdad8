import { expect, test } from "vitest";
import { folderWith, jsonl } from "../data/folder.js";
import { nearmiss } from "./nearmiss.js";

const filler = "and a great deal more was said there about other matters ".repeat(8);
const folder = folderWith({
  "pairs.jsonl": jsonl(
    {
      query: "where is the violin",
      positive: `${filler} the violin is in the harbour ${filler}`,
      answers: ["the harbour"],
    },
    { query: "where is the lamp", positive: "the lamp stands behind the window", answers: ["a window"] },
    { query: "who rows", positive: "nobody rows at the harbour in winter", answers: ["Nobody"] },
  ),
});
const evaluation = ["eval", "--data", "pairs.jsonl", "--model", "bm25", "--split", "train", "--baselines", "none"];
const said =
  "pairs.jsonl: JSONL of pairs (query → positive), 3 documents, 3 queries\n  train: 3 queries, 3 judgements (3 relevant)\n";

test("what was recognised is said on stderr, with and without --json, and not with --quiet", () => {
  const plain = nearmiss(evaluation, { cwd: folder });
  expect(plain.err).toContain(said);
  expect(plain.out).not.toContain("JSONL");
  const json = nearmiss([...evaluation, "--json"], { cwd: folder });
  expect(json.err).toContain(said);
  expect(JSON.parse(json.out).result.data.documents).toBe(3);
  expect(nearmiss([...evaluation, "--quiet"], { cwd: folder }).err).toBe("");
});

test("the columns chosen decide, and other kinds are named before any work", () => {
  const scored = folderWith({ "a.csv": "q,a,score\none,two,3\n" });
  const columns = ["--columns", "query=q,positive=a"];
  const { code, out } = nearmiss(
    ["mine", "--data", "a.csv", "--model", "bm25", "--sampler", "top-k", "--out", "x.jsonl", "--json", ...columns],
    { cwd: scored },
  );
  expect(code).toBe(2);
  expect(JSON.parse(out).error.found).toContain("scored pairs (CSV of scored pairs (q, a, score))");
});

test("--chunk finds what stands deep in a document; answers are measured", () => {
  const measures = ["--measures", "hit@1,answer-recall@1", "--json"];
  const measured = (...flags: readonly string[]) => {
    const { out } = nearmiss([...evaluation, ...measures, ...flags], { cwd: folder });
    return JSON.parse(out).result.systems[0].measures;
  };
  const chunked = measured("--chunk", "12", "--chunk-stride", "6");
  expect([chunked["hit@1"].mean, chunked["answer-recall@1"].mean]).toEqual([1, 2 / 3]);
  // The first chunk of the long document says nothing of violins.
  expect(measured("--chunk", "12", "--chunk-fold", "first")["hit@1"].mean).toBeCloseTo(2 / 3);
  const wrong = nearmiss([...evaluation, "--chunk-fold", "first"], { cwd: folder });
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("--chunk-fold")]);
});
