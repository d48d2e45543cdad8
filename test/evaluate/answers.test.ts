import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { textId } from "#nearmiss/base/text.js";
import type { Hits } from "#nearmiss/base/types.js";
import { loadData } from "#nearmiss/data/load.js";
import { hasAnswer } from "#nearmiss/evaluate/answers.js";
import { parseMeasures } from "#nearmiss/evaluate/measures.js";
import { evaluateSystems } from "#nearmiss/evaluate/systems.js";
import { folderWith, jsonl } from "../data/folder.js";

describe("has answer", () => {
  test.each([
    ["case and punctuation around", "Built by ADA Lovelace, in 1843.", ["ada lovelace"], true],
    ["tokens, not letters: a part of a word does not count", "the adamant", ["ada"], false],
    ["composed and decomposed letters are one", "Caf\u00e9 Noir", ["cafe\u0301 noir"], true],
    ["another accent is another word", "cafe noir", ["caf\u00e9"], false],
    ["punctuation inside is a token of its own", "in the U.S. alone", ["U.S."], true],
    ["and must be there", "in the US alone", ["U.S."], false],
    ["white space does not count", "New\n\tYork", ["new york"], true],
    ["tokens must follow each other", "new old york", ["new york"], false],
    ["one of several answers will do", "seven", ["7", "seven"], true],
    ["characters without blanks are one token", "我爱北京天安门", ["北京"], false],
    ["an answer without tokens is held by none", "text", [" ", ""], false],
  ])("%s", (_what, text, answers, expected) => {
    expect(hasAnswer(text, answers)).toBe(expected);
  });
});

describe("answer-recall", () => {
  const passage = (id: string, text: string, title = "") => ({ passage_id: id, title, text });
  const data = (rows: readonly unknown[]) => loadData(join(folderWith({ "a.jsonl": jsonl(...rows) }), "a.jsonl"));
  const rows = [
    {
      question: "one",
      answers: ["Ada"],
      positive_ctxs: [passage("p1", "by ada")],
      hard_negative_ctxs: [passage("n1", "by nobody", "Ada")],
    },
    { question: "two", answers: ["x y"], positive_ctxs: [], hard_negative_ctxs: [passage("n2", "the x y z")] },
  ];
  const hits = (...ids: readonly string[]): Hits => ({ ids, scores: Float64Array.from(ids, (_, i) => -i) });
  const found = new Map([
    [textId("one"), hits("n1", "n2", "p1")],
    [textId("two"), hits("p1", "n2")],
  ]);
  const evaluate = async (rowsOf: readonly unknown[], measures: string) =>
    evaluateSystems({
      data: await data(rowsOf),
      split: "train",
      systems: [{ name: "m", kind: "model", fingerprint: "", hits: found }],
      measures: parseMeasures(measures),
      resamples: 10,
    });

  test("counts documents that hold an answer, titles aside, over the queries that have answers", async () => {
    const { queries, values } = await evaluate(rows, "answer-recall@1,answer-recall@2,answer-recall@3");
    expect(queries).toEqual([textId("one"), textId("two")]);
    expect([...(values[0]?.values() ?? [])].map((column) => [...column])).toEqual([
      [0, 0],
      [0, 1],
      [1, 1],
    ]);
  });

  test("beside other measures it runs over the judged queries, which must have answers", async () => {
    const { queries } = await evaluate(rows, "answer-recall@3,mrr@3");
    expect(queries).toEqual([textId("one")]);
    const without = [{ ...rows[0], answers: null }, rows[1]];
    await expect(evaluate(without, "answer-recall@3,mrr@3")).rejects.toMatchObject({ code: "no-answers" });
  });
});
